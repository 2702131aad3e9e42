import { STATUS_CODES } from 'node:http';
import type { Origin } from '../../event/request-event.ts';

/** An answer the exporter makes itself because the upstream gave none, or may not be asked. */
export interface OwnAnswer {
  readonly status: number;
  /** Whose doing it is; decides where the event is filed. */
  readonly origin: Origin;
  /** Machine code: Node's where there is one (`ECONNREFUSED`), ours otherwise (`draining`). */
  readonly code: string;
  /** In the words of OpenAI's error types, which client libraries log. */
  readonly type: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** Marks answers of the exporter, so that nobody takes them for the provider's. */
const ORIGIN_HEADER = 'x-llm-exporter-origin';

const RETRY_AFTER_DRAIN_SECONDS = 1;

export const DRAINING: OwnAnswer = {
  status: 503,
  origin: 'exporter',
  code: 'draining',
  type: 'service_unavailable',
  message: 'llm-exporter is shutting down and takes no new requests',
  retryAfterSeconds: RETRY_AFTER_DRAIN_SECONDS,
};

export const STOPPED: OwnAnswer = {
  ...DRAINING,
  code: 'drain_deadline',
  message: 'llm-exporter is shutting down and could not wait for this answer',
};

export const NO_UPGRADE: OwnAnswer = {
  status: 501,
  origin: 'exporter',
  code: 'upgrade_not_supported',
  type: 'not_implemented',
  message: 'llm-exporter does not forward WebSocket connections',
};

export const NO_TUNNEL: OwnAnswer = {
  status: 501,
  origin: 'exporter',
  code: 'connect_not_supported',
  type: 'not_implemented',
  message: 'llm-exporter is a reverse proxy and opens no tunnels',
};

export const BAD_TARGET: OwnAnswer = {
  status: 400,
  origin: 'client',
  code: 'invalid_request_target',
  type: 'invalid_request_error',
  message: 'the request target must be a path or an absolute http URL',
};

export const NO_HOST: OwnAnswer = {
  status: 400,
  origin: 'client',
  code: 'missing_host',
  type: 'invalid_request_error',
  message: 'an HTTP/1.1 request must carry a Host header',
};

/** The client sent more than the configured bound. */
export function tooLarge(maxRequestBytes: number): OwnAnswer {
  return {
    status: 413,
    origin: 'exporter',
    code: 'request_too_large',
    type: 'invalid_request_error',
    message: `the request body is larger than ${maxRequestBytes} bytes`,
  };
}

const TIMEOUT_CODES: ReadonlySet<string> = new Set(['connect_timeout', 'headers_timeout', 'ETIMEDOUT']);

/** The upstream could not be reached, or did not answer. */
export function networkFailure(code: string, message: string): OwnAnswer {
  const isTimeout = TIMEOUT_CODES.has(code);
  return {
    status: isTimeout ? 504 : 502,
    origin: 'network',
    code,
    type: isTimeout ? 'upstream_timeout' : 'upstream_connection_error',
    message: `llm-exporter got no answer from the upstream: ${message}`,
  };
}

/** What node:http's parser could not read, and the answer each deserves; anything else is a 400. */
const PARSER_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** The client did not speak HTTP. */
export function malformedRequest(code: string): OwnAnswer {
  const status = PARSER_STATUS[code] ?? 400;
  return {
    status,
    origin: 'client',
    code,
    type: 'invalid_request_error',
    message: `llm-exporter could not read the request: ${STATUS_CODES[status]} (${code})`,
  };
}

/** The answer's body, in the shape that OpenAI's clients show to their users. */
export function bodyOf({ message, type, code }: OwnAnswer): string {
  return JSON.stringify({ error: { message, type, param: null, code } });
}

/** The answer's headers, flat. */
export function headersOf(answer: OwnAnswer, body: string): string[] {
  const headers = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
  headers.push(ORIGIN_HEADER, 'exporter');
  if (answer.retryAfterSeconds !== undefined) headers.push('retry-after', String(answer.retryAfterSeconds));
  return headers;
}

/** The whole answer as it goes over the wire, for where node:http has made no response object. */
export function wireForm(answer: OwnAnswer): string {
  const body = bodyOf(answer);
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`];
  const headers = [...headersOf(answer, body), 'connection', 'close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
