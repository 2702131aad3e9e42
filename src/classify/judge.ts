import type { RequestEvent } from '../event/request-event.ts';
import type { AttemptVerdict } from '../event/sink.ts';
import type { Catalogue } from './catalogue.ts';
import { type ClassifyContext, classify } from './classify.ts';
import { createTrafficObserver, type Traffic } from './inference/traffic-observer.ts';
import type { KnownContext } from './inference/traffic-state.ts';

export interface JudgeRules {
  readonly catalogue: Catalogue;
  /** Seconds, by provider, where one is known. */
  readonly gatewayTimeouts: Readonly<Record<string, number>>;
}

/** Names the causes of events for those who must act on them and count nothing. */
export interface Judge {
  judge(event: RequestEvent): AttemptVerdict;
  /** Learns from a try or a request that has ended. */
  observe(event: RequestEvent): void;
  /** Takes other rules; what was learnt stays. */
  reconfigure(rules: JudgeRules): void;
}

/** Longer than any model's name; those that are share what is known of them. */
const MAX_NAME_LENGTH = 128;

export function createJudge(initial: JudgeRules): Judge {
  const observer = createTrafficObserver();
  let { catalogue, gatewayTimeouts } = initial;

  function trafficOf({ provider, model = '' }: RequestEvent): Traffic {
    // A copy: the name may be a piece of a whole body, which would stay in memory with it.
    return observer.of(provider, model.length > MAX_NAME_LENGTH ? '' : Buffer.from(model).toString());
  }

  function knownOf({ provider }: RequestEvent): KnownContext {
    return { gatewayTimeoutSeconds: gatewayTimeouts[provider] };
  }

  function contextOf(event: RequestEvent): ClassifyContext {
    return trafficOf(event).contextFor(event, knownOf(event));
  }

  return {
    judge(event) {
      const { cause } = classify(event, catalogue, contextOf(event));
      return { cause, retryable: catalogue.causes[cause].retryable };
    },
    observe(event) {
      const { cause } = classify(event, catalogue, contextOf(event));
      trafficOf(event).observe(event, cause, knownOf(event));
    },
    reconfigure(rules) {
      ({ catalogue, gatewayTimeouts } = rules);
    },
  };
}
