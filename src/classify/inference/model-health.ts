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
/** A failure longer ago says nothing of now. */
const FAILING_MS = 30_000;
/** One stream may be unlucky. */
const MIN_STALLED_STREAMS = 3;
/** A stall shows only once the gateway's patience is over; the usual limits are a minute or two. */
const STALLED_MS = 180_000;

export function createModelHealth(): ModelHealth {
  let worked = false;
  // A field is changed in place, where a variable held by a closure would be boxed anew for every success.
  const running = { failedShare: 0 };
  let sinceMs = 0;
  let lastFailureMs = Number.NEGATIVE_INFINITY;
  let stalledStreams = 0;
  let lastStallMs = Number.NEGATIVE_INFINITY;
  return {
    succeeded() {
      worked = true;
      running.failedShare *= 1 - NEWEST_WEIGHT;
      stalledStreams = 0;
    },
    failed(timeMs) {
      const wasFailing = running.failedShare >= FAILING_SHARE;
      running.failedShare += (1 - running.failedShare) * NEWEST_WEIGHT;
      if (!wasFailing) sinceMs = timeMs;
      lastFailureMs = timeMs;
    },
    stalled(timeMs) {
      stalledStreams += 1;
      lastStallMs = timeMs;
    },
    failingSinceMs(timeMs) {
      // A name that never worked may be wrong, and fails for reasons of its own.
      const isFailing =
        worked && running.failedShare >= FAILING_SHARE && Math.abs(timeMs - lastFailureMs) <= FAILING_MS;
      return isFailing ? sinceMs : undefined;
    },
    isStalled: (timeMs) => stalledStreams >= MIN_STALLED_STREAMS && Math.abs(timeMs - lastStallMs) <= STALLED_MS,
  };
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
