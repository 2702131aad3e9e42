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
  return new RunningMean();
}

/** A class, as numbers that closures hold and change are boxed anew at each change. */
class RunningMean implements UsualWork {
  #mean = 0;
  #answers = 0;

  answered(seconds: number): void {
    if (this.#answers < MEMORY) this.#answers += 1;
    const beyond = seconds - this.#mean;
    // The same to the last bit, as MEMORY is a power of two, and each mean waits for the one before it.
    this.#mean += this.#answers === MEMORY ? beyond * (1 / MEMORY) : beyond / this.#answers;
  }

  seconds(): number | undefined {
    return this.#answers >= MIN_ANSWERS ? this.#mean : undefined;
  }
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
