import { hold } from './hold.ts';
import type { TrafficCounts } from './traffic-counts.ts';

/** Shaping reacts to a steep rise within seconds; a shorter look would take a burst of a few requests for one. */
const RECENT_SECONDS = 30;
/** "The minutes before." */
const BASELINE_SECONDS = 300;
/** Without two minutes before it there is no telling a rise from our own start. */
const MIN_BASELINE_SECONDS = 120;
/** As many requests make a baseline; fewer, and its rate is chance. */
const MIN_BASELINE_REQUESTS = 10;
/** Of random arrivals that come 10 a half minute, 20 or more come in 0.3 % of cases: with RAMP_RATIO no accident. */
const MIN_RECENT_REQUESTS = 20;
/** "Well above": traffic that swings by half over a few minutes is ordinary. */
const RAMP_RATIO = 2;
/**
 * How long failed requests count as part of a rise. Clients retry what fails, and that rise is an effect, not a cause:
 * at a steady rate, with all requests failing and retried twice (OpenAI's and Anthropic's SDKs), five seconds of
 * failures and the twenty-five before them come to 1.3 times the baseline, and later to less.
 */
const FAILURES_COUNT_SECONDS = 5;

export interface Ramp {
  /** Whether requests come much faster than they did. */
  isRising(timeMs: number): boolean | undefined;
  /** Looks at the minutes before, so that what is said of this second does not depend on when in it somebody asks. */
  lookBack(timeMs: number): void;
}

/**
 * Compares the last half minute with the minutes before; undefined when too little is known. What is still under way is
 * not known of, which can hide a rise of long requests but not make one.
 */
export function createRamp(counts: TrafficCounts): Ramp {
  // Of minutes ago, and so the same for all of a storm's failures; what is recent is looked at for each.
  const baselinePerSecond = hold((timeMs) => {
    const beforeMs = timeMs - RECENT_SECONDS * 1000;
    const seconds = Math.min(BASELINE_SECONDS, counts.watchedSeconds(beforeMs));
    if (seconds < MIN_BASELINE_SECONDS) return undefined;
    // Requests that clients gave up or that did not get through were traffic too: without them, their end is a rise.
    const requests = counts.requests(beforeMs, seconds);
    return requests < MIN_BASELINE_REQUESTS ? undefined : requests / seconds;
  });
  return {
    lookBack: baselinePerSecond,
    isRising(timeMs) {
      const perSecond = baselinePerSecond(timeMs);
      if (perSecond === undefined) return undefined;
      const isRise = (count: number) =>
        count >= MIN_RECENT_REQUESTS && count / RECENT_SECONDS >= RAMP_RATIO * perSecond;
      // Mostly there would be too few even if all of them counted, and some of the seconds before.
      if (!isRise(counts.requestsAtMost(timeMs, RECENT_SECONDS))) return false;
      if (!isRise(counts.requests(timeMs, RECENT_SECONDS))) return false;
      return isRise(
        counts.sum('admitted', timeMs, RECENT_SECONDS) + counts.sum('failed', timeMs, FAILURES_COUNT_SECONDS),
      );
    },
  };
}
