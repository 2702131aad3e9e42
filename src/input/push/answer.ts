import type { PushResult } from '../../event/sink.ts';
import { ACCEPTED_ENCODINGS } from './body.ts';
import type { BatchCounts } from './push-keys.ts';

/** An answer to a push, and how it counts; `headers` beside the type of the body, which is JSON. */
export interface PushAnswer {
  readonly result: PushResult;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const ACCEPTED_TYPES = 'application/json, application/x-ndjson, text/plain';

/** The results that come with nothing counted, and their status. */
const REFUSED = {
  malformed: 400,
  unauthorized: 401,
  timed_out: 408,
  too_large: 413,
  unsupported: 415,
  key_reused: 422,
  rate_limited: 429,
  // Nobody is there to read it.
  aborted: 400,
  unavailable: 503,
} as const satisfies Partial<Record<PushResult, number>>;

/** Nothing of the request is counted; `reason` tells its sender why. */
export function refusal(
  result: keyof typeof REFUSED,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): PushAnswer {
  return { result, status: REFUSED[result], headers, body: JSON.stringify({ error: reason }) };
}

export function unauthorized(reason: string, error: string): PushAnswer {
  // RFC 6750 section 3: no error code when no token was shown.
  return refusal('unauthorized', reason, { 'WWW-Authenticate': `Bearer realm="llm-exporter"${error}` });
}

export function retryLater(result: 'rate_limited' | 'unavailable', reason: string, afterMs: number): PushAnswer {
  return refusal(result, reason, { 'Retry-After': String(Math.max(1, Math.ceil(afterMs / 1000))) });
}

export function unsupportedEncoding(encoding: string): PushAnswer {
  const reason = `Content-Encoding ${JSON.stringify(encoding)} is none of ${ACCEPTED_ENCODINGS}`;
  return refusal('unsupported', reason, { 'Accept-Encoding': ACCEPTED_ENCODINGS });
}

export function unsupportedType(type: string): PushAnswer {
  const reason = `Content-Type ${JSON.stringify(type)} is none of ${ACCEPTED_TYPES}; OTLP is read as JSON only`;
  return refusal('unsupported', reason, { Accept: ACCEPTED_TYPES });
}

/**
 * The batch is counted. Nothing but rejects is told with 400, though they are counted as such and noted under their key: whoever set the
 * sender up learns that its records are of no use, from the error that it logs. It costs nothing: Vector and LiteLLM drop a batch after any
 * 4xx, Fluent Bit after its retries, and they would drop it after 200 as well.
 */
export function counted(counts: BatchCounts, duplicate: boolean, firstRejected?: string): PushAnswer {
  const useless = counts.accepted + counts.filtered === 0 && Object.keys(counts.rejected).length > 0;
  const error = useless
    ? `no record could be read${firstRejected === undefined ? '' : `; ${firstRejected}`}`
    : undefined;
  const body = JSON.stringify({ ...counts, duplicate, first_rejected: useless ? undefined : firstRejected, error });
  const result = duplicate ? 'duplicate' : useless ? 'rejected' : 'accepted';
  return { result, status: useless ? 400 : 200, headers: {}, body };
}
