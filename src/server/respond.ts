import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Log } from '../log.ts';

/** A short plain-text answer, as Prometheus gives them. */
export function sendText(response: Response, status: number, text: string): void {
  response.status(status).type('text/plain').send(`${text}\n`);
}

/** For a path that exists, asked with a method that does not. */
export function onlyMethods(...methods: readonly string[]): RequestHandler {
  return (_request, response) => {
    response.set('Allow', methods.join(', '));
    sendText(response, 405, 'Method Not Allowed');
  };
}

export const notFound: RequestHandler = (_request, response) => sendText(response, 404, 'Not Found');

/** Nothing may be loaded, framed or sent from an answer. */
export const CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Headers that keep a browser from doing anything with an answer but showing it. The page adds its own policy. */
export const secureHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': CONTENT_POLICY,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

/** What was thrown is for the log; whoever asked learns only that it failed. */
export function handleErrors(log: Log): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    log.error('web request failed', { method: request.method, path: request.path, err: error });
    if (response.headersSent) response.destroy();
    else sendText(response, 500, 'Internal Server Error');
  };
}
