import type { RateLimit, RequestEvent } from '../../../event/request-event.ts';
import type { AttemptVerdict, RetryDecision } from '../../../event/sink.ts';
import type { RetryBudget } from './budget.ts';
import { mayHealHere } from './failures.ts';
import type { RetryPolicy } from './policy.ts';

/** A try that failed, and what is left to do about it. */
export interface FailedTry {
  readonly event: Pick<RequestEvent, 'error' | 'retryAfterSeconds' | 'shouldRetry' | 'rateLimit'>;
  readonly verdict: AttemptVerdict;
  /** So far, this one among them. */
  readonly tries: number;
  /** Since the request came. */
  readonly elapsedMs: number;
  /** Until the whole exchange has had its time; infinite where it may last. */
  readonly leftMs: number;
  /** The next try would go somewhere else: what this answer says of waiting and of hope is about the place that is left. */
  readonly isElsewhere: boolean;
}

/** That no try is left is known before a try begins, which then need not be held back. */
export type Decision =
  | { readonly decision: 'retried'; readonly delayMs: number }
  | { readonly decision: Exclude<RetryDecision, 'retried' | 'attempts_exhausted'> };

/** What a decision goes by, beside the try. */
export interface DecisionRules {
  readonly policy: RetryPolicy;
  readonly budget: RetryBudget;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** A try that has less time than this is spent for nothing: hardly an API answers sooner, and what it answered before would be lost. */
export const LEAST_TRY_MS = 100;

/** Whether and when a request is tried again. A retry is taken from the budget only when nothing else stands against it. */
export function decide(failed: FailedTry, { policy, budget, random }: DecisionRules): Decision {
  const { tries, elapsedMs, leftMs, isElsewhere } = failed;
  const askedMs = isElsewhere ? 0 : askedWaitMs(failed);
  if (askedMs === undefined) return { decision: 'not_retryable' };
  const delayMs = askedMs + backoffMs(tries, policy, random);
  if (askedMs > policy.maxRetryAfterMs || elapsedMs + delayMs > policy.deadlineMs) return { decision: 'deadline' };
  if (delayMs + LEAST_TRY_MS > leftMs) return { decision: 'deadline' };
  if (!budget.take(policy.budgetRatio)) return { decision: 'budget_exhausted' };
  return { decision: 'retried', delayMs };
}

/** What the answer asks to wait; undefined where waiting would not help, as far as anyone knows. */
function askedWaitMs({ event, verdict }: FailedTry): number | undefined {
  if (verdict.retryable === 'no' || event.shouldRetry === false || !mayHealHere(event.error?.code)) return undefined;
  const isWindow = verdict.retryable === 'after_window';
  const seconds = event.retryAfterSeconds ?? (isWindow ? resetSeconds(event.rateLimit) : 0);
  return seconds === undefined ? undefined : seconds * 1000;
}

/** When what was used up is full again, by the buckets that are empty. */
function resetSeconds(limit: RateLimit | undefined): number | undefined {
  const empty = [limit?.requests, limit?.tokens].filter((bucket) => (bucket?.remaining ?? 1) <= 0);
  const resets = empty.map((bucket) => bucket?.resetSeconds);
  // A reset that is not told may be the latest of them.
  const known = resets.filter((reset) => reset !== undefined);
  return known.length === 0 || known.length < resets.length ? undefined : Math.max(...known);
}

/**
 * Full jitter: anything from nothing to the doubled ceiling, which spreads clients that failed together best
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). It comes on top of a wait that was asked for: all who were
 * told the same number would otherwise be back in the same instant.
 */
function backoffMs(tries: number, { baseDelayMs, maxDelayMs }: RetryPolicy, random: () => number): number {
  return random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (tries - 1));
}
