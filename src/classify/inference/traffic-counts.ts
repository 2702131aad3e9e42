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

/** The seconds of a minute's half are also summed, so that five minutes are added up in some twenty steps and not in 300. */
const BLOCK = 30;

interface Row {
  readonly seconds: Float32Array;
  /** Sums of BLOCK neighbours each. */
  readonly blocks: Float64Array;
}

function createRow(): Row {
  return { seconds: new Float32Array(COUNTED_SECONDS), blocks: new Float64Array(COUNTED_SECONDS / BLOCK) };
}

function put(row: Row, slot: number, value: number): void {
  const before = row.seconds[slot] ?? 0;
  row.seconds[slot] = value;
  // What was stored, not what was given: a Float32 rounds above 2^24.
  const block = Math.floor(slot / BLOCK);
  row.blocks[block] = (row.blocks[block] ?? 0) + (row.seconds[slot] ?? 0) - before;
}

export function createTrafficCounts(): TrafficCounts {
  const rows = {
    admitted: createRow(),
    failed: createRow(),
    unjudged: createRow(),
    tokens: createRow(),
  } satisfies Record<Count, Row>;
  let first = Number.NEGATIVE_INFINITY;
  let head = Number.NEGATIVE_INFINITY;
  let headSlot = 0;
  // Logs write seconds: most events have the time of the one before.
  let latestMs = Number.NaN;
  return {
    moveTo(timeMs) {
      if (timeMs === latestMs) return;
      latestMs = timeMs;
      const bucket = bucketOf(timeMs);
      if (Math.abs(bucket - head) >= COUNTED_SECONDS) {
        for (const { seconds, blocks } of Object.values(rows)) {
          seconds.fill(0);
          blocks.fill(0);
        }
        first = bucket;
        head = bucket;
        headSlot = slotOf(head);
      }
      for (; head < bucket; head += 1) {
        headSlot = headSlot === COUNTED_SECONDS - 1 ? 0 : headSlot + 1;
        put(rows.admitted, headSlot, 0);
        put(rows.failed, headSlot, 0);
        put(rows.unjudged, headSlot, 0);
        put(rows.tokens, headSlot, 0);
      }
    },
    add(count, timeMs, amount) {
      const ago = head - bucketOf(timeMs);
      if (ago >= COUNTED_SECONDS) return;
      const row = rows[count];
      // Counted from the head's place: the remainder of a division takes longer than all else here.
      const slot = ago > headSlot ? headSlot - ago + COUNTED_SECONDS : headSlot - ago;
      put(row, slot, (row.seconds[slot] ?? 0) + amount);
    },
    sum(count, timeMs, seconds) {
      const row = rows[count];
      const last = Math.min(bucketOf(timeMs), head);
      const from = Math.max(bucketOf(timeMs - seconds * 1000), head - COUNTED_SECONDS) + 1;
      let total = 0;
      let slot = slotOf(from);
      for (let left = last - from + 1; left > 0; ) {
        const isBlock = left >= BLOCK && slot % BLOCK === 0;
        total += isBlock ? (row.blocks[slot / BLOCK] ?? 0) : (row.seconds[slot] ?? 0);
        const step = isBlock ? BLOCK : 1;
        left -= step;
        slot = slot + step === COUNTED_SECONDS ? 0 : slot + step;
      }
      return total;
    },
    sums(count) {
      const row = rows[count].seconds;
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
