import { STATUS_CODES } from 'node:http';
import type { Origin } from '../../event/request-event.ts';
import { headerValue } from '../../provider/headers/parsed-headers.ts';
import type { RequestHead } from './http/request-head.ts';
import type { Lack } from './limits/lack.ts';

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
/** Says why: a cause of the catalogue. */
export const CAUSE_HEADER = 'x-llm-exporter-cause';

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

/** Servers would not agree on what the path means, so that it could be matched as one thing and served as another. */
export const AMBIGUOUS_PATH: OwnAnswer = {
  status: 400,
  origin: 'client',
  code: 'ambiguous_path',
  type: 'invalid_request_error',
  message: 'the path has dot segments beside encoded slashes, doubled slashes, backslashes or parameters',
};

/** The client sends its request too slowly. */
export const TOO_SLOW: OwnAnswer = {
  status: 408,
  origin: 'client',
  code: 'request_timeout',
  type: 'invalid_request_error',
  message: 'the rest of the request body did not come in time',
};

export const HEAD_TOO_SLOW: OwnAnswer = {
  ...TOO_SLOW,
  message: 'the rest of the request headers did not come in time',
};

/** The client sent more headers than the bound. */
export function headTooLarge(maxBytes: number): OwnAnswer {
  return {
    status: 431,
    origin: 'client',
    code: 'headers_too_large',
    type: 'invalid_request_error',
    message: `the request line and headers together are larger than ${maxBytes} bytes`,
  };
}

const RETRY_AFTER_FULL_SECONDS = 1;

export const TOO_MANY_CONNECTIONS: OwnAnswer = {
  status: 503,
  origin: 'exporter',
  code: 'too_many_connections',
  type: 'service_unavailable',
  message:
    'llm-exporter has as many connections as proxy.max_connections or, where that is not set, its limit of open files (ulimit -n) allows',
  retryAfterSeconds: RETRY_AFTER_FULL_SECONDS,
};

/** As many as help to see the mistake. */
const MAX_CHOICES = 10;

/** No upstream is configured for the request; `choices` are what there is one for. */
export function noRoute(choices: readonly string[]): OwnAnswer {
  const more = choices.length > MAX_CHOICES ? `, and ${choices.length - MAX_CHOICES} more` : '';
  return {
    status: 404,
    origin: 'exporter',
    code: 'no_upstream',
    type: 'invalid_request_error',
    message: `llm-exporter has no upstream for this request; it has some for ${choices.slice(0, MAX_CHOICES).join(', ')}${more}`,
  };
}

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

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'connect_timeout',
  'headers_timeout',
  'total_timeout',
  'ETIMEDOUT',
]);

const NO_RESOURCES = {
  status: 503,
  origin: 'exporter',
  type: 'service_unavailable',
  retryAfterSeconds: RETRY_AFTER_FULL_SECONDS,
} as const;

/** The upstream could not be asked, and that is not its fault. */
export const LACKING: Readonly<Record<Lack, OwnAnswer>> = {
  out_of_descriptors: {
    ...NO_RESOURCES,
    code: 'out_of_descriptors',
    message:
      'llm-exporter may open no more connections: raise its limit of open files (ulimit -n, LimitNOFILE) or lower proxy.max_connections',
  },
  exporter_out_of_resources: {
    ...NO_RESOURCES,
    code: 'exporter_out_of_resources',
    message: 'the machine of llm-exporter has no memory or no free port left for a connection to the upstream',
  },
};

/** What a client is told of a try, or of tries, that brought no answer. */
export function failureAnswer(code: string, message: string): OwnAnswer {
  return Object.values(LACKING).find((lacking) => lacking.code === code) ?? networkFailure(code, message);
}

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

/** The client did not speak HTTP; `what` is wrong with it. */
export function malformedRequest(what: string): OwnAnswer {
  return {
    status: 400,
    origin: 'client',
    code: 'malformed_request',
    type: 'invalid_request_error',
    message: `llm-exporter could not read the request: ${what}`,
  };
}

/** What an answer is written for. */
export interface AnswerContext {
  /** What the catalogue calls it. */
  readonly cause: string;
  /** Whether the client speaks Anthropic's API: its library looks elsewhere in the body. */
  readonly isAnthropic?: boolean | undefined;
}

/** An own answer as it goes out; headers are flat. */
export interface WrittenAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly string[];
  readonly body: string;
}

export function writeAnswer(answer: OwnAnswer, context: AnswerContext): WrittenAnswer {
  const { status, retryAfterSeconds } = answer;
  const body = JSON.stringify(
    context.isAnthropic === true ? anthropicError(answer, context) : openAiError(answer, context),
  );
  const headers = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
  headers.push(ORIGIN_HEADER, 'exporter', CAUSE_HEADER, context.cause);
  if (retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfterSeconds));
  return { status, reason: STATUS_CODES[status] ?? '', headers, body };
}

/** https://platform.openai.com/docs/guides/error-codes */
function openAiError({ message, type, code }: OwnAnswer, { cause }: AnswerContext): unknown {
  return { error: { message, type, param: null, code, cause } };
}

/** Anthropic's error types by status: https://docs.anthropic.com/en/api/errors */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

function anthropicError({ message, status, code }: OwnAnswer, { cause }: AnswerContext): unknown {
  const type = ANTHROPIC_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message, code, cause } };
}

/** Whether a request is made for Anthropic's API, by the header that it requires or the path that only it has. */
export function isAnthropic({ url, headers }: Pick<RequestHead, 'url' | 'headers'>): boolean {
  return headerValue(headers, 'anthropic-version') !== undefined || /\/v1\/messages(?:[/?]|$)/.test(url);
}

/** The whole answer as it goes over the wire, for where no exchange was begun. */
export function wireForm({ status, reason, headers: own, body }: WrittenAnswer, nowMs: number): string {
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  const headers = [...own, 'Date', new Date(nowMs).toUTCString(), 'connection', 'close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
