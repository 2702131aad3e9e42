import { createUsualWork, type UsualWork } from './fast-reject.ts';
import { hold } from './hold.ts';
import { failingFrom, type MetLimit, MIN_OF_EACH, ownLimit } from './limits/own-limit.ts';
import { createToldLimits, type ToldLimits } from './limits/told-limits.ts';
import { createTrials, type Trials } from './limits/trials.ts';
import { createModelHealth, type ModelHealth } from './model-health.ts';
import { createRamp, type Ramp } from './ramp.ts';
import { createRecentExtreme, type RecentExtreme } from './recent-extreme.ts';
import { createTimeoutLimit, type TimeoutLimit } from './timeout-limit.ts';
import { createTrafficCounts, type TrafficCounts } from './traffic-counts.ts';

/** What all models of one provider share. */
export interface ProviderState {
  readonly counts: TrafficCounts;
  readonly ramp: Ramp;
  readonly timeoutLimit: TimeoutLimit;
  /** Seconds that the quickest answers took, whatever they said. */
  readonly quickest: RecentExtreme;
  /** Whether each of its models works. */
  readonly healths: Set<ModelHealth>;
}

export function createProviderState(): ProviderState {
  const counts = createTrafficCounts();
  return {
    counts,
    ramp: createRamp(counts),
    timeoutLimit: createTimeoutLimit(),
    quickest: createRecentExtreme('least'),
    healths: new Set(),
  };
}

/** What is known of a request beside its event. */
export interface KnownContext {
  /** As configured or documented. */
  readonly gatewayTimeoutSeconds?: number | undefined;
  /** Requests to the same model that were under way when this one began; undefined where nobody counted (logs). */
  readonly inFlight?: number | undefined;
}

/** All that is remembered of one model. */
export interface ModelState {
  readonly provider: ProviderState;
  readonly counts: TrafficCounts;
  readonly ramp: Ramp;
  readonly work: UsualWork;
  readonly health: ModelHealth;
  readonly trials: Trials;
  readonly told: ToldLimits;
  /** Event time of the newest failure in a rise of the traffic. */
  rampSeenMs: number;
  /** The limit that refusals (429) show. */
  readonly limitMet: (timeMs: number) => MetLimit | undefined;
  /** The fewest requests under way at which it fails (bare 500, 503), if it does so under load only. */
  readonly failingFrom: (timeMs: number) => number | undefined;
}

export function createModelState(provider: ProviderState): ModelState {
  const counts = createTrafficCounts();
  const work = createUsualWork();
  const trials = createTrials();
  return {
    provider,
    counts,
    ramp: createRamp(counts),
    work,
    trials,
    health: createModelHealth(),
    told: createToldLimits(),
    rampSeenMs: Number.NEGATIVE_INFINITY,
    limitMet: hold((timeMs) => {
      if (!canTell(trials, 'limited')) return undefined;
      const usualSeconds = work.seconds() ?? Number.POSITIVE_INFINITY;
      return ownLimit(trials.list('limited', timeMs), { counts, timeMs, usualSeconds });
    }),
    failingFrom: hold((timeMs) => (canTell(trials, 'failed') ? failingFrom(trials.list('failed', timeMs)) : undefined)),
  };
}

/** Both look for a number of requests under way, or a size, from which on requests are refused. */
function canTell(trials: Trials, refused: 'limited' | 'failed'): boolean {
  return trials.areMeasured() && trials.count(refused) >= MIN_OF_EACH;
}
