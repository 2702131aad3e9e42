import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { Route } from '../routing/route.ts';
import { createRetryBudget, type RetryBudget } from './budget.ts';
import type { DecisionRules } from './decide.ts';
import type { RetryPolicy } from './policy.ts';

/** The retries of one upstream: its policy, and what all its requests share. */
export interface Retries extends DecisionRules {
  /** The upstream that the fallback of the policy names; asked for when it is needed, as it may have been configured anew. */
  fallbackUpstream(): Route | undefined;
  /** Says in the log, once, that requests stay where they are as they cannot be made to ask for the fallback's model. */
  tellUnwritable(): void;
}

export interface RetriesOptions {
  /** Name of the upstream. */
  readonly name: string;
  readonly policy: RetryPolicy;
  readonly log: Log;
  readonly clock: Clock;
  /** Hand in the one of before, when only the policy has changed: a reload must not grant a new one. */
  readonly budget?: RetryBudget | undefined;
  readonly fallbackUpstream?: (() => Route | undefined) | undefined;
  readonly random?: (() => number) | undefined;
}

export function createRetries({
  name,
  policy,
  log,
  clock,
  budget = createRetryBudget(clock),
  fallbackUpstream = () => undefined,
  random = Math.random,
}: RetriesOptions): Retries {
  let isTold = false;
  return {
    ...{ policy, budget, fallbackUpstream, random },
    tellUnwritable() {
      if (isTold) return;
      isTold = true;
      const model = policy.fallback?.model;
      log.warn('a fallback is passed over: its model cannot be written into a request of this kind', {
        ...{ upstream: name, model },
        advice:
          'only plain JSON bodies and the paths of Gemini and Azure OpenAI can; such requests are tried again where they were',
      });
    },
  };
}
