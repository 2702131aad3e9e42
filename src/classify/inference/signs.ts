import { lastTryOf } from '../../event/last-try.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { ClassifyContext } from '../classify.ts';
import { startOf } from './evidence.ts';
import { isFastReject } from './fast-reject.ts';
import type { OwnLimit } from './limits/own-limit.ts';
import { countFailing } from './model-health.ts';
import type { KnownContext, ModelState } from './traffic-state.ts';

/** Two minutes: later, what is let in at the limit's own rate hides the rise, and what is refused no longer counts. */
const RAMP_HOLDS_MS = 120_000;

/** What the traffic before a failed request says about it; looked for only where a rule could ask. */
export function signsOf(model: ModelState, event: RequestEvent, known: KnownContext): ClassifyContext {
  const { code, timeMs } = event;
  return {
    gatewayTimeoutSeconds: model.provider.timeoutLimit.seconds(known.gatewayTimeoutSeconds),
    modelStalled: model.health.isStalled(timeMs),
    ownLimit: code === 429 ? limitOf(model, event, known.inFlight) : undefined,
    ...(code === 429 || code === 503 ? signsOfShaping(model, event) : {}),
    ...(code === 500 || code === 503 ? signsOfScope(model, event, known.inFlight) : {}),
  };
}

function limitOf({ limitMet, told, counts }: ModelState, event: RequestEvent, inFlight = 0): OwnLimit | undefined {
  const met = limitMet(event.timeMs);
  if (met !== undefined && inFlight >= met.fromInFlight) return met.limit;
  return told.reached(counts, startOf(event));
}

function signsOfShaping({ isRamping, provider, work, rampSeenMs }: ModelState, event: RequestEvent): ClassifyContext {
  const { timeMs } = event;
  return {
    fastReject: isFastReject(lastTryOf(event).durationSeconds, provider.quickest, work),
    trafficRamping: Math.abs(timeMs - rampSeenMs) <= RAMP_HOLDS_MS || isRamping(timeMs),
  };
}

function signsOfScope(
  { provider, health, failingFrom }: ModelState,
  { timeMs }: RequestEvent,
  inFlight = 0,
): ClassifyContext {
  const failing = countFailing(provider.healths, health, timeMs);
  return {
    modelsFailing: provider.isRamping(timeMs) === false ? failing : undefined,
    failingUnderLoad: inFlight >= (failingFrom(timeMs) ?? Number.POSITIVE_INFINITY),
  };
}
