import type { Clock } from '../../../clock.ts';
import type { Route } from '../routing/route.ts';
import { createRetryBudget, type RetryBudget } from './budget.ts';
import type { DecisionRules } from './decide.ts';
import type { RetryPolicy } from './policy.ts';

/** The retries of one upstream: its policy, and what all its requests share. */
export interface Retries extends DecisionRules {
  /** The upstream that the fallback of the policy names; asked for when it is needed, as it may have been configured anew. */
  fallbackUpstream(): Route | undefined;
}

export interface RetriesOptions {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  /** Hand in the one of before, when only the policy has changed: a reload must not grant a new one. */
  readonly budget?: RetryBudget | undefined;
  readonly fallbackUpstream?: (() => Route | undefined) | undefined;
  readonly random?: (() => number) | undefined;
}

export function createRetries({
  policy,
  clock,
  budget = createRetryBudget(clock),
  fallbackUpstream = () => undefined,
  random = Math.random,
}: RetriesOptions): Retries {
  return { policy, budget, fallbackUpstream, random };
}
