import type { Readable } from 'node:stream';
import { Router } from 'express';
import { onlyMethods } from './respond.ts';

/** What takes pushed logs; the server knows nothing of what is in them. Answers with JSON. */
export type PushHandler = (request: {
  /** The value of a header, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Readable;
}) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}>;

/** `POST /v1/logs`: no body parser in front, because what is sent is bounded while it comes in. */
export function pushRoute(receive: PushHandler): Router {
  const router = Router();
  router
    .route('/v1/logs')
    .post(async (request, response) => {
      const { status, headers, body } = await receive({ header: (name) => request.get(name), body: request });
      response.status(status).set(headers).type('json').send(`${body}\n`);
    })
    .all(onlyMethods('POST'));
  return router;
}
