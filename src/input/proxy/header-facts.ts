import type { ErrorFacts } from '../../event/request-event.ts';
import { errorTypeOf, shouldRetryOf } from '../../provider/headers/error-headers.ts';
import type { Headers } from '../../provider/headers/parsed-headers.ts';
import { readRateLimit } from '../../provider/headers/rate-limit.ts';
import { retryAfterSeconds } from '../../provider/headers/retry-after.ts';
import { originFromHeaders } from '../../provider/origin.ts';
import type { HeadersSaid } from './outcome.ts';
import { requestIdOf } from './tap/request-tap.ts';

/** What the headers of an exchange say: one reading, for an answer that passes by and for one that was written down. */
export function headerFacts({
  answer,
  answeredMs,
  error,
  request,
}: {
  readonly answer: Headers | undefined;
  /** When they came, epoch milliseconds: waits are counted from here. */
  readonly answeredMs: number;
  /** What the body said, which may name a wait that the headers do not. */
  readonly error: ErrorFacts | undefined;
  readonly request: Headers;
}): HeadersSaid {
  return {
    requestId: requestIdOf(answer, request),
    retryAfterSeconds: retryAfterSeconds(answer, error?.message, answeredMs),
    shouldRetry: shouldRetryOf(answer),
    rateLimit: readRateLimit(answer, answeredMs),
    errorType: error && errorTypeOf(answer),
    markedOrigin: error && originFromHeaders(answer),
  };
}
