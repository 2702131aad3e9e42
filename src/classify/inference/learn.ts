import { lastTryOf } from '../../event/last-try.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { Cause } from '../causes.ts';
import {
  isEvidence,
  isFirstTry,
  isGatewayTimeout,
  isPlausible,
  isUnexplained,
  outcomeOf,
  startOf,
  waitedSeconds,
} from './evidence.ts';
import type { Count } from './traffic-counts.ts';
import type { KnownContext, ModelState } from './traffic-state.ts';

/** Learns from a try that has ended and was classified, if it is evidence. A success allocates nothing. */
export function learn(model: ModelState, event: RequestEvent, cause: Cause, { inFlight }: KnownContext): void {
  if (!isPlausible(event)) return;
  const { timeMs, rateLimit } = event;
  model.counts.moveTo(timeMs);
  model.provider.counts.moveTo(timeMs);
  const startMs = startOf(event);
  if (!isEvidence(event, cause)) {
    count(model, 'unjudged', startMs);
    return;
  }
  const waited = waitedSeconds(event);
  const outcome = outcomeOf(event, cause);
  if (outcome !== undefined && isFirstTry(event)) model.trials.add(outcome, startMs, inFlight, event.requestBytes);
  if (waited !== undefined) model.provider.quickest.add(waited, timeMs);
  if (rateLimit !== undefined) model.told.learn(rateLimit);
  count(model, cause === 'none' ? 'admitted' : 'failed', startMs);
  if (cause === 'none') learnSuccess(model, event, waited);
  else learnFailure(model, event, cause);
}

function learnSuccess(model: ModelState, event: RequestEvent, waited: number | undefined): void {
  const { timeMs, tokens } = event;
  if (tokens !== undefined) model.counts.add('tokens', startOf(event), (tokens.input ?? 0) + (tokens.output ?? 0));
  model.health.succeeded();
  if (waited === undefined) return;
  model.work.answered(waited);
  model.provider.timeoutLimit.answered(waited, timeMs);
}

function learnFailure(model: ModelState, event: RequestEvent, cause: Cause): void {
  const { provider, health } = model;
  const { code, timeMs, stream } = event;
  const { durationSeconds } = lastTryOf(event);
  if (model.ramp.isRising(timeMs) === true) model.rampSeenMs = timeMs;
  if (isUnexplained(event, cause)) health.failed(timeMs);
  if (durationSeconds === undefined || !isGatewayTimeout(event, cause)) return;
  provider.timeoutLimit.timedOut(durationSeconds, code !== 503);
  if (stream === true) health.stalled(timeMs);
}

function count({ counts, provider }: ModelState, what: Count, startMs: number): void {
  counts.add(what, startMs, 1);
  provider.counts.add(what, startMs, 1);
}
