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
  const { mode, add, hasNear } = createTimeouts();
  const longestAnswer = createRecentExtreme('greatest');

  const isLearned = (least: typeof ENOUGH) =>
    mode.timeouts >= least.timeouts && mode.share >= least.share && longestAnswer.value() <= mode.seconds * CEILING;

  return {
    timedOut: add,
    answered: (seconds, timeMs) => longestAnswer.add(seconds, timeMs),
    seconds(configured) {
      if (configured === undefined) return isLearned(ENOUGH) ? mode.seconds : undefined;
      return isLearned(OVERRULING) && !hasNear(configured) ? mode.seconds : configured;
    },
  };
}

/** Where most of the newest timeouts lie. */
interface Mode {
  /** The shortest of the timeouts at it: nothing is ended before the limit. */
  seconds: number;
  timeouts: number;
  /** Of all timeouts kept. */
  share: number;
}

interface Timeouts {
  readonly mode: Readonly<Mode>;
  add(seconds: number, saysSo: boolean): void;
  hasNear(limit: number): boolean;
}

/**
 * Of each timeout it is known how many lie at it. So a new one is compared with each of the others, and not all with all, which for a
 * storm of timeouts took longer than all else that is done for them.
 */
function createTimeouts(): Timeouts {
  // NaN lies at nothing.
  const seconds = new Float64Array(KEPT_TIMEOUTS).fill(Number.NaN);
  const saysSo = new Uint8Array(KEPT_TIMEOUTS);
  /** How many lie at each or close above, itself among them, and how many of these say so. */
  const near = new Uint8Array(KEPT_TIMEOUTS);
  const nearSaying = new Uint8Array(KEPT_TIMEOUTS);
  const mode: Mode = { seconds: 0, timeouts: 0, share: 0 };
  let kept = 0;
  let next = 0;

  /** Puts a timeout in the place of the oldest. */
  function replace(value: number, says: number): void {
    const gone = seconds[next] ?? 0;
    const goneSaid = saysSo[next] ?? 0;
    seconds[next] = value;
    saysSo[next] = says;
    let own = 0;
    let ownSaying = 0;
    for (let at = 0; at < kept; at += 1) {
      const other = seconds[at] ?? 0;
      const more = liesAt(value, other);
      const fewer = liesAt(gone, other);
      near[at] = (near[at] ?? 0) + more - fewer;
      nearSaying[at] = (nearSaying[at] ?? 0) + more * says - fewer * goneSaid;
      const isOwn = liesAt(other, value);
      own += isOwn;
      ownSaying += isOwn * (saysSo[at] ?? 0);
    }
    near[next] = own;
    nearSaying[next] = ownSaying;
    next = (next + 1) % KEPT_TIMEOUTS;
  }

  function findMode(): void {
    mode.seconds = 0;
    mode.timeouts = 0;
    for (let at = 0; at < kept; at += 1) {
      const timeouts = near[at] ?? 0;
      // 503 alone may be a queue that is out of patience, for as fixed a time.
      if (timeouts <= mode.timeouts || (nearSaying[at] ?? 0) === 0) continue;
      mode.timeouts = timeouts;
      mode.seconds = seconds[at] ?? 0;
    }
    mode.share = mode.timeouts / kept;
  }

  return {
    mode,
    add(value, says) {
      if (kept < KEPT_TIMEOUTS) kept += 1;
      replace(value, says ? 1 : 0);
      findMode();
    },
    hasNear(limit) {
      for (let at = 0; at < kept; at += 1) if (isNear(seconds[at] ?? 0, limit)) return true;
      return false;
    },
  };
}

function liesAt(seconds: number, limit: number): 0 | 1 {
  return seconds >= limit && seconds <= limit * SPREAD ? 1 : 0;
}

function isNear(seconds: number, limit: number): boolean {
  return seconds >= limit / SPREAD && seconds <= limit * CEILING;
}
