import type { UpstreamConfig } from '../../../config/providers.ts';

/** What may follow a failed try against one upstream. */
export interface RetryPolicy {
  /** Tries beyond the first. */
  readonly maxRetries: number;
  /** Answers after which there may be another try; so there may after a connection that failed. */
  readonly statuses: ReadonlySet<number>;
  /** Ceiling of the wait before the first retry; it doubles for each that follows. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Longest wait that an answer may ask for; beyond it there is no retry. */
  readonly maxRetryAfterMs: number;
  /** No retry begins later than this after the request came. */
  readonly deadlineMs: number;
  /** Retries per request, over the last minute. */
  readonly budgetRatio: number;
  /** A larger request body is not held, and so not sent again. */
  readonly maxHeldBodyBytes: number;
  readonly fallback?: FallbackPolicy | undefined;
}

/** Where retries go instead of where the request went. */
export interface FallbackPolicy {
  /** Name of an upstream; absent: the same one. */
  readonly upstream?: string | undefined;
  /** To ask instead; absent: the same one. */
  readonly model?: string | undefined;
  /** Causes after which it is used; none: every one that may heal. */
  readonly causes: ReadonlySet<string>;
}

/** The policy that an upstream's `retries` describe; undefined where it has none. */
export function retryPolicyOf({ retries }: Pick<UpstreamConfig, 'retries'>): RetryPolicy | undefined {
  if (retries === undefined) return undefined;
  const { fallback } = retries;
  return {
    maxRetries: retries.max,
    statuses: new Set(retries.statuses),
    baseDelayMs: retries.base_delay,
    maxDelayMs: retries.max_delay,
    maxRetryAfterMs: retries.max_retry_after,
    deadlineMs: retries.deadline,
    budgetRatio: retries.budget,
    maxHeldBodyBytes: retries.max_held_body,
    fallback: fallback && { ...fallback, causes: new Set(fallback.causes) },
  };
}
