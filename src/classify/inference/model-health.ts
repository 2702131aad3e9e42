/** Whether one model answers, as a running share of its latest answers. */
export interface ModelHealth {
  succeeded(): void;
  failed(timeMs: number): void;
  /** A gateway ended a stream before its first token. */
  stalled(timeMs: number): void;
  /** Since when it has been failing; undefined while it works, or when nobody has asked it for a while. */
  failingSinceMs(timeMs: number): number | undefined;
  /** Nothing has come from it since several streams waited in vain. */
  isStalled(timeMs: number): boolean;
}

/** The newest answer weighs a quarter: three failures in a row make most of it, one or two do not. */
const NEWEST_WEIGHT = 0.25;
const FAILING_SHARE = 0.5;
/**
 * Less than this is nothing: added to NEWEST_WEIGHT it gives NEWEST_WEIGHT. Halved on and on, a share would come to numbers so small that a
 * processor takes fifty times as long for them, and stay there.
 */
const LEAST_SHARE = 2 ** -60;
/** A failure longer ago says nothing of now. */
const FAILING_MS = 30_000;
/** One stream may be unlucky. */
const MIN_STALLED_STREAMS = 3;
/** A stall shows only once the gateway's patience is over; the usual limits are a minute or two. */
const STALLED_MS = 180_000;

export function createModelHealth(): ModelHealth {
  return new RunningShare();
}

/** A class, as numbers that closures hold and change are boxed anew at each change. */
class RunningShare implements ModelHealth {
  #worked = false;
  #failedShare = 0;
  #sinceMs = 0;
  #lastFailureMs = Number.NEGATIVE_INFINITY;
  #stalledStreams = 0;
  #lastStallMs = Number.NEGATIVE_INFINITY;

  succeeded(): void {
    this.#worked = true;
    this.#stalledStreams = 0;
    if (this.#failedShare === 0) return;
    this.#failedShare *= 1 - NEWEST_WEIGHT;
    if (this.#failedShare < LEAST_SHARE) this.#failedShare = 0;
  }

  failed(timeMs: number): void {
    const wasFailing = this.#failedShare >= FAILING_SHARE;
    this.#failedShare += (1 - this.#failedShare) * NEWEST_WEIGHT;
    if (!wasFailing) this.#sinceMs = timeMs;
    this.#lastFailureMs = timeMs;
  }

  stalled(timeMs: number): void {
    this.#stalledStreams += 1;
    this.#lastStallMs = timeMs;
  }

  failingSinceMs(timeMs: number): number | undefined {
    // A name that never worked may be wrong, and fails for reasons of its own.
    const isFailing = this.#worked && this.#failedShare >= FAILING_SHARE;
    return isFailing && Math.abs(timeMs - this.#lastFailureMs) <= FAILING_MS ? this.#sinceMs : undefined;
  }

  isStalled(timeMs: number): boolean {
    return this.#stalledStreams >= MIN_STALLED_STREAMS && Math.abs(timeMs - this.#lastStallMs) <= STALLED_MS;
  }
}

/** Failures that begin so close together have one reason; models that each broke on a day of their own have not. */
const SAME_TIME_MS = 30_000;

/** How many models began to fail when this one did, itself among them; 0 while it works. */
export function countFailing(healths: Iterable<ModelHealth>, health: ModelHealth, timeMs: number): number {
  const sinceMs = health.failingSinceMs(timeMs);
  if (sinceMs === undefined) return 0;
  let failing = 0;
  for (const other of healths) {
    const otherSinceMs = other.failingSinceMs(timeMs);
    if (otherSinceMs !== undefined && Math.abs(otherSinceMs - sinceMs) <= SAME_TIME_MS) failing += 1;
  }
  return failing;
}
