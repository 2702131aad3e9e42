import { createRecentExtreme } from './recent-extreme.ts';

/** Learns after how many seconds the gateway of one provider gives up. */
export interface TimeoutLimit {
  /** A request that a gateway seems to have ended for taking too long; `saysSo` when by its code it did (no 503). */
  timedOut(seconds: number, saysSo: boolean): void;
  /** A request that got its answer after such a wait. */
  answered(seconds: number, timeMs: number): void;
  /** The limit to go by; undefined when none was configured and the evidence for another is too thin. */
  seconds(configured: number | undefined): number | undefined;
}

/** The newest timeouts; a changed limit has outvoted the old one when half of them are at it. */
const KEPT_TIMEOUTS = 32;
/** Timeouts at one limit lie this close above each other: connecting and transfer come on top of the limit. */
const SPREAD = 1.03;
/** Answers that come later than this over a limit show that it is none. */
const CEILING = 1.1;

/**
 * Four timeouts within 3 % are no chance: four ends at random between 5 and 60 s lie that close once in 100,000 times.
 * A configured value is a person's word, and may be meant for a route we have seen little of: it gives way only to a
 * dozen timeouts at another place, nearly all there are, with not one at the place it names.
 */
const ENOUGH = { timeouts: 4, share: 0.5 };
const OVERRULING = { timeouts: 12, share: 0.8 };

export function createTimeoutLimit(): TimeoutLimit {
  const timeouts: Timeout[] = [];
  let next = 0;
  let mode: Mode = { seconds: 0, timeouts: 0, share: 0 };
  const longestAnswer = createRecentExtreme(Math.max, 0);

  const isLearned = (least: typeof ENOUGH) =>
    mode.timeouts >= least.timeouts && mode.share >= least.share && longestAnswer.value() <= mode.seconds * CEILING;

  return {
    timedOut(seconds, saysSo) {
      timeouts[next] = { seconds, saysSo };
      next = (next + 1) % KEPT_TIMEOUTS;
      mode = modeOf(timeouts);
    },
    answered: longestAnswer.add,
    seconds(configured) {
      if (configured === undefined) return isLearned(ENOUGH) ? mode.seconds : undefined;
      const contradicted = isLearned(OVERRULING) && !timeouts.some(({ seconds }) => isNear(seconds, configured));
      return contradicted ? mode.seconds : configured;
    },
  };
}

interface Timeout {
  readonly seconds: number;
  readonly saysSo: boolean;
}

interface Mode {
  /** The shortest of the timeouts at it: nothing is ended before the limit. */
  readonly seconds: number;
  readonly timeouts: number;
  /** Of all timeouts kept. */
  readonly share: number;
}

/** Looked for at each timeout only, of which there are few. */
function modeOf(timeouts: readonly Timeout[]): Mode {
  let best = { seconds: 0, timeouts: 0 };
  for (const { seconds } of timeouts) {
    const near = timeouts.filter((other) => other.seconds >= seconds && other.seconds <= seconds * SPREAD);
    // 503 alone may be a queue that is out of patience, for as fixed a time.
    if (near.length > best.timeouts && near.some(({ saysSo }) => saysSo)) best = { seconds, timeouts: near.length };
  }
  return { ...best, share: best.timeouts / timeouts.length };
}

function isNear(seconds: number, limit: number): boolean {
  return seconds >= limit / SPREAD && seconds <= limit * CEILING;
}
