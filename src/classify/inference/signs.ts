import { lastTryOf } from '../../event/last-try.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { ClassifyContext } from '../conditions.ts';
import { startOf } from './evidence.ts';
import { isFastReject } from './fast-reject.ts';
import type { OwnLimit } from './limits/own-limit.ts';
import { countFailing } from './model-health.ts';
import type { KnownContext, ModelState } from './traffic-state.ts';

/** Two minutes: later, what is let in at the limit's own rate hides the rise, and what is refused no longer counts. */
const RAMP_HOLDS_MS = 120_000;
/** No rule may ask for fewer: one says nothing of the others. */
const MIN_FAILING = 2;

/** What the traffic before a failed request says about it; looked for only where a rule could ask. */
export function signsOf(model: ModelState, event: RequestEvent, known: KnownContext): ClassifyContext {
  const { code, timeMs } = event;
  const isRefusal = code === 429 || code === 503;
  const isBroken = code === 500 || code === 503;
  return {
    gatewayTimeoutSeconds: model.provider.timeoutLimit.seconds(known.gatewayTimeoutSeconds),
    modelStalled: model.health.isStalled(timeMs),
    ownLimit: code === 429 ? limitOf(model, event, known.inFlight) : undefined,
    fastReject: isRefusal
      ? isFastReject(lastTryOf(event).durationSeconds, model.provider.quickest, model.work)
      : undefined,
    trafficRamping: isRefusal ? isRamping(model, timeMs) : undefined,
    modelsFailing: isBroken ? modelsFailing(model, timeMs) : undefined,
    failingUnderLoad: isBroken
      ? (known.inFlight ?? 0) >= (model.failingFrom(timeMs) ?? Number.POSITIVE_INFINITY)
      : undefined,
  };
}

function limitOf({ limitMet, told, counts }: ModelState, event: RequestEvent, inFlight = 0): OwnLimit | undefined {
  const met = limitMet(event.timeMs);
  if (met !== undefined && inFlight >= met.fromInFlight) return met.limit;
  return told.reached(counts, startOf(event));
}

function isRamping({ ramp, rampSeenMs }: ModelState, timeMs: number): boolean | undefined {
  return Math.abs(timeMs - rampSeenMs) <= RAMP_HOLDS_MS || ramp.isRising(timeMs);
}

function modelsFailing({ provider, health }: ModelState, timeMs: number): number | undefined {
  provider.ramp.lookBack(timeMs);
  const failing = countFailing(provider.healths, health, timeMs);
  return failing >= MIN_FAILING && provider.ramp.isRising(timeMs) === false ? failing : undefined;
}
