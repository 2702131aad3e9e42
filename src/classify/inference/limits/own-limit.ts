import { MINUTE, type TrafficCounts } from '../traffic-counts.ts';
import type { Trial } from './trials.ts';

/** The limit of the account that its own traffic has met. */
export const OWN_LIMITS = ['requests', 'tokens', 'concurrency'] as const;
export type OwnLimit = (typeof OWN_LIMITS)[number];

/**
 * So many of each kind, at least. Where a measure has nothing to do with it, eight refusals all lie above eight
 * admissions once in 12,870 times (16 choose 8).
 */
export const MIN_OF_EACH = 8;
/** Times that a request was let in after a refusal; an outage or a used-up window refuses everything for a while. */
const MIN_TURNS = 3;
/** A refusal at half of what was let in before cannot come from a limit on that. */
const REFUTING_SHARE = 0.5;
/** Our seconds begin elsewhere than the provider's, so that a rate at its limit may read a little lower. */
const REACHED_SHARE = 0.9;
/** The shortest window, in seconds, of the rates that are ruled out before a limit is one of concurrency. */
const SHORT_WINDOW = 10;
/** Rates are known once most of what then ran has ended: after three times the usual work. */
const SETTLED_WORKS = 3;

/** A limit, and the fewest requests under way at which it has refused; 0 where it does not depend on that. */
export interface MetLimit {
  readonly limit: OwnLimit;
  readonly fromInFlight: number;
}

/** What the trials are read with. */
export interface Surroundings {
  readonly counts: TrafficCounts;
  readonly timeMs: number;
  /** Seconds that the model usually works. */
  readonly usualSeconds: number;
}

const TOKENS: MetLimit = Object.freeze({ limit: 'tokens', fromInFlight: 0 });
const REQUESTS: MetLimit = Object.freeze({ limit: 'requests', fromInFlight: 0 });

/**
 * Which limit explains a model's refusals, if its traffic was varied enough to rule out the others. Undefined when none
 * does, or more than one: a burst that meets a limit raises rate, tokens and concurrency alike. `trials` in their order.
 */
export function ownLimit(
  trials: readonly Trial[],
  { counts, timeMs, usualSeconds }: Surroundings,
): MetLimit | undefined {
  const split = splitTrials(trials);
  if (split === undefined || split.turns === 0) return undefined;
  const inFlight = compare(split, (trial) => trial.inFlight);
  const bytes = compare(split, (trial) => trial.bytes);
  const settledMs = timeMs - SETTLED_WORKS * usualSeconds * 1000;
  const settled = { ...split, refused: split.refused.filter(({ startMs }) => startMs <= settledMs) };
  const admittedIn = counts.sums('admitted');
  const tokensIn = counts.sums('tokens');
  const requests = compare(settled, ({ startMs }) => admittedIn(startMs, MINUTE));
  const tokens = compare(settled, ({ startMs }) => tokensIn(startMs, MINUTE));
  const isShortRate = !compare(settled, ({ startMs }) => admittedIn(startMs, SHORT_WINDOW)).isRefuted;

  // A full concurrency limit lets in as soon as a request ends, whatever the rate.
  if (inFlight.standsAbove && split.turns >= MIN_TURNS && requests.isRefuted && !isShortRate && !tokens.isReached) {
    return { limit: 'concurrency', fromInFlight: inFlight.lowest };
  }
  if (inFlight.standsAbove || settled.refused.length < MIN_OF_EACH) return undefined;
  // Only big requests are refused, and small ones pass in between.
  if (bytes.standsAbove && split.turns >= MIN_TURNS && !requests.isReached) return TOKENS;
  if (!inFlight.isRefuted) return undefined;
  if (tokens.isReached && !requests.isReached) return TOKENS;
  // Small ones are refused too, and with little else under way.
  return requests.isReached && !tokens.isReached && bytes.isRefuted ? REQUESTS : undefined;
}

/** The fewest requests under way at which a model has failed, if it never failed with fewer. `trials` in their order. */
export function failingFrom(trials: readonly Trial[]): number | undefined {
  const split = splitTrials(trials);
  if (split === undefined || split.turns < MIN_TURNS) return undefined;
  const { standsAbove, lowest } = compare(split, ({ inFlight }) => inFlight);
  return standsAbove ? lowest : undefined;
}

interface Split {
  readonly admitted: readonly Trial[];
  readonly refused: readonly Trial[];
  readonly turns: number;
}

/** Undefined when there are too few of a kind. */
function splitTrials(trials: readonly Trial[]): Split | undefined {
  const admitted = trials.filter(({ outcome }) => outcome === 'admitted');
  const refused = trials.filter(({ outcome }) => outcome !== 'admitted');
  if (admitted.length < MIN_OF_EACH || refused.length < MIN_OF_EACH) return undefined;
  const turns = trials.filter(
    ({ outcome }, at) => outcome === 'admitted' && (trials[at - 1] ?? { outcome }).outcome !== outcome,
  );
  return { admitted, refused, turns: turns.length };
}

/** What one measure says of the refusals; all false where it is not known of every trial. */
interface Comparison {
  /** At a refusal. */
  readonly lowest: number;
  /** It was higher at every refusal than at any admission. */
  readonly standsAbove: boolean;
  /** It was as high at every refusal as it ever got, and far lower at many admissions. */
  readonly isReached: boolean;
  /** It was far lower at some refusal than it ever got. */
  readonly isRefuted: boolean;
}

function compare({ admitted, refused }: Split, measure: (trial: Trial) => number): Comparison {
  const ofAdmitted = admitted.map(measure);
  const highest = Math.max(...ofAdmitted);
  const lowest = Math.min(...refused.map(measure));
  const far = ofAdmitted.filter((value) => value <= lowest * REFUTING_SHARE).length;
  return {
    lowest,
    standsAbove: refused.length > 0 && lowest > highest,
    isReached: refused.length > 0 && highest > 0 && lowest >= highest * REACHED_SHARE && far >= MIN_OF_EACH,
    isRefuted: highest > 0 && lowest <= highest * REFUTING_SHARE,
  };
}
