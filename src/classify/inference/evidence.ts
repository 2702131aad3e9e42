import { lastTryOf } from '../../event/last-try.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { Cause } from '../causes.ts';
import type { Outcome } from './limits/trials.ts';

/**
 * Whether an event says anything about the provider. What the client, the network or the exporter itself ended does
 * not. Each try does, be it tried again or not: the provider cannot tell our tries from those of a client that repeats by
 * itself, and in an outage in which every request is tried again there would be nothing else to learn from.
 */
export function isEvidence({ origin }: RequestEvent, cause: Cause): boolean {
  return (origin === undefined || origin === 'provider' || origin === 'edge') && cause !== 'client_aborted';
}

/** Whether an event tells how many others were under way: they were counted when its request came. */
export function isFirstTry({ attempt }: RequestEvent): boolean {
  return attempt === undefined || attempt === 1;
}

/** Whether an event ended at a time that can be. */
export function isPlausible({ timeMs, durationSeconds = 0 }: RequestEvent): boolean {
  return Number.isFinite(timeMs) && Number.isFinite(durationSeconds) && durationSeconds >= 0;
}

/** When the request came to the provider, by its own account; its end where it does not say how long it took. */
export function startOf(event: RequestEvent): number {
  return event.timeMs - (lastTryOf(event).durationSeconds ?? 0) * 1000;
}

/** What the provider let wait for: the first token of a stream, else the whole answer. */
export function waitedSeconds(event: RequestEvent): number | undefined {
  const { stream, code } = event;
  const { firstTokenSeconds, durationSeconds } = lastTryOf(event);
  return stream === true && code < 400 ? firstTokenSeconds : durationSeconds;
}

/** Codes with which a gateway says that it has waited long enough. */
const TIMEOUT_CODES: ReadonlySet<number> = new Set([408, 503, 504, 524]);
/** What such an answer is called, before and after the limit is known. */
const TIMEOUT_CAUSES: ReadonlySet<Cause> = new Set([
  'upstream_timeout',
  'service_unavailable',
  'gateway_timeout_long_generation',
  'model_overloaded',
]);

/** Answers that come sooner are refusals with a timeout's code; no gateway we know of waits less unless told to. */
const MIN_TIMEOUT_SECONDS = 5;

export function isGatewayTimeout(event: RequestEvent, cause: Cause): boolean {
  const { durationSeconds = 0 } = lastTryOf(event);
  return durationSeconds >= MIN_TIMEOUT_SECONDS && TIMEOUT_CODES.has(event.code) && TIMEOUT_CAUSES.has(cause);
}

/** Causes that a bare 500 or 503 is given: by its status alone, or because others fail too. */
const UNEXPLAINED: ReadonlySet<Cause> = new Set([
  'internal_error',
  'service_unavailable',
  'downstream_dependency_failure',
]);

export function isUnexplained({ code }: RequestEvent, cause: Cause): boolean {
  return (code === 500 || code === 503) && UNEXPLAINED.has(cause);
}

/** Causes of a 429 that a limit in the account's own reach gives; its balance or another's limit is none of them. */
const OWN_LIMIT_CAUSES: ReadonlySet<Cause> = new Set([
  'rate_limit_unspecified',
  'rate_limit_rpm',
  'rate_limit_tpm',
  'rate_limit_concurrency',
]);

/** Undefined for what tells nothing of limits. */
export function outcomeOf(event: RequestEvent, cause: Cause): Outcome | undefined {
  if (cause === 'none') return 'admitted';
  if (event.code === 429 && OWN_LIMIT_CAUSES.has(cause)) return 'limited';
  return cause === 'model_overloaded' || isUnexplained(event, cause) ? 'failed' : undefined;
}
