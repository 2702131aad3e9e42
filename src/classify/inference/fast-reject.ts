import type { RecentExtreme } from './recent-extreme.ts';

/** How long one model works before it answers, as a running mean. */
export interface UsualWork {
  answered(seconds: number): void;
  /** Undefined until MIN_ANSWERS have been seen. */
  seconds(): number | undefined;
}

/** Fewer successes do not show what is usual. */
const MIN_ANSWERS = 5;
/** The mean follows the last few dozen answers. */
const MEMORY = 32;

export function createUsualWork(): UsualWork {
  // A field is changed in place, where a variable held by a closure would be boxed anew for every success.
  const running = { mean: 0 };
  let answers = 0;
  return {
    answered(seconds) {
      if (answers < MEMORY) answers += 1;
      const beyond = seconds - running.mean;
      // The same to the last bit, as MEMORY is a power of two, and each mean waits for the one before it.
      running.mean += answers === MEMORY ? beyond * (1 / MEMORY) : beyond / answers;
    },
    seconds: () => (answers >= MIN_ANSWERS ? running.mean : undefined),
  };
}

/** Zhipu's instant refusal took 0.38 s (measured); what takes longer may have waited in a queue. */
const FAST_SECONDS = 0.5;
/** Refusals made before any work differ by the network's moods only. */
const NEAR_QUICKEST = 2;
const JITTER_SECONDS = 0.05;
/** A model that answers as quickly as it refuses does not let the two be told apart. */
const SHARE_OF_WORK = 0.5;

/**
 * Whether a refusal came before any work was done on it: about as quick as the provider's quickest answers, and much
 * quicker than the model's work. Undefined when too little is known.
 */
export function isFastReject(
  seconds: number | undefined,
  quickest: RecentExtreme,
  work: UsualWork,
): boolean | undefined {
  const usual = work.seconds();
  if (seconds === undefined || usual === undefined) return undefined;
  return (
    seconds <= FAST_SECONDS &&
    seconds <= usual * SHARE_OF_WORK &&
    seconds <= quickest.value() * NEAR_QUICKEST + JITTER_SECONDS
  );
}
