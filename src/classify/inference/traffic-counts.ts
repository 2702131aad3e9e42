/**
 * What is counted over time, each by the moment at which the request began. `unjudged` are requests that say nothing of
 * the provider, but were traffic.
 */
const COUNTS = ['admitted', 'failed', 'unjudged', 'tokens'] as const;
export type Count = (typeof COUNTS)[number];

/** Counts of one provider or model over the last COUNTED_SECONDS of event time. */
export interface TrafficCounts {
  /**
   * Brings the counts up to an event's time. Events may come in any order within COUNTED_SECONDS; a jump beyond that,
   * either way (a gap, a wrong clock, an old file), forgets everything, as what came before says nothing about now.
   */
  moveTo(timeMs: number): void;
  /** Never later than `moveTo` has said; what is too long ago is not counted. */
  add(count: Count, timeMs: number, amount: number): void;
  /** Sum over the `seconds` up to the end of the second of `timeMs`. */
  sum(count: Count, timeMs: number, seconds: number): number;
  /** `sum` for many times: it looks at each second once, and knows nothing of what is counted later. */
  sums(count: Count): (timeMs: number, seconds: number) => number;
  /** Seconds from the first event that was counted to `timeMs`, at most COUNTED_SECONDS. */
  watchedSeconds(timeMs: number): number;
}

/** What a ramp is measured against, and what an old trial's minute begins with, with half a minute to spare. */
export const COUNTED_SECONDS = 360;
/** The window of most rate limits, in seconds. */
export const MINUTE = 60;

export function createTrafficCounts(): TrafficCounts {
  const rows = {
    admitted: new Float32Array(COUNTED_SECONDS),
    failed: new Float32Array(COUNTED_SECONDS),
    unjudged: new Float32Array(COUNTED_SECONDS),
    tokens: new Float32Array(COUNTED_SECONDS),
  } satisfies Record<Count, Float32Array>;
  let first = Number.NEGATIVE_INFINITY;
  let head = Number.NEGATIVE_INFINITY;
  return {
    moveTo(timeMs) {
      const bucket = bucketOf(timeMs);
      if (Math.abs(bucket - head) >= COUNTED_SECONDS) {
        for (const count of COUNTS) rows[count].fill(0);
        first = bucket;
        head = bucket;
      }
      for (; head < bucket; head += 1) {
        const next = slotOf(head + 1);
        rows.admitted[next] = 0;
        rows.failed[next] = 0;
        rows.unjudged[next] = 0;
        rows.tokens[next] = 0;
      }
    },
    add(count, timeMs, amount) {
      const bucket = bucketOf(timeMs);
      if (bucket <= head - COUNTED_SECONDS) return;
      const slot = slotOf(bucket);
      rows[count][slot] = (rows[count][slot] ?? 0) + amount;
    },
    sum(count, timeMs, seconds) {
      const row = rows[count];
      const last = Math.min(bucketOf(timeMs), head);
      const from = Math.max(bucketOf(timeMs - seconds * 1000), head - COUNTED_SECONDS) + 1;
      let total = 0;
      for (let bucket = from; bucket <= last; bucket += 1) total += row[slotOf(bucket)] ?? 0;
      return total;
    },
    sums(count) {
      const row = rows[count];
      const from = head - COUNTED_SECONDS;
      const upTo = new Float64Array(COUNTED_SECONDS + 1);
      for (let at = 1; at <= COUNTED_SECONDS; at += 1) upTo[at] = (upTo[at - 1] ?? 0) + (row[slotOf(from + at)] ?? 0);
      const total = (bucket: number) => upTo[Math.min(Math.max(bucket - from, 0), COUNTED_SECONDS)] ?? 0;
      return (timeMs, seconds) => total(bucketOf(timeMs)) - total(bucketOf(timeMs - seconds * 1000));
    },
    watchedSeconds: (timeMs) => Math.min(COUNTED_SECONDS, bucketOf(timeMs) - first),
  };
}

function bucketOf(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}

/** Also for times before 1970, which a log line may claim. */
function slotOf(bucket: number): number {
  return ((bucket % COUNTED_SECONDS) + COUNTED_SECONDS) % COUNTED_SECONDS;
}
