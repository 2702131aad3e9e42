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
  /** `moveTo` and `add` for what was admitted, row by row of a list that begins with `first`. */
  addAdmitted(rows: AdmittedRows, first: number): void;
  /** Sum over the `seconds` up to the end of the second of `timeMs`. */
  sum(count: Count, timeMs: number, seconds: number): number;
  /** Same for requests, whatever became of them. */
  requests(timeMs: number, seconds: number): number;
  /** `sum` for many times: it looks at each second once, and knows nothing of what is counted later. */
  sums(count: Count): (timeMs: number, seconds: number) => number;
  /** Seconds from the first event that was counted to `timeMs`, at most COUNTED_SECONDS. */
  watchedSeconds(timeMs: number): number;
}

/** Requests that were admitted, in columns: when each ended and began, and its tokens, NaN where they are unknown. */
export interface AdmittedRows {
  readonly timeMs: Float64Array;
  readonly startMs: Float64Array;
  readonly tokens: Float64Array | undefined;
  /** The row behind each; below 0 behind the last. */
  readonly next: Int32Array;
}

/** What a ramp is measured against, and what an old trial's minute begins with, with half a minute to spare. */
export const COUNTED_SECONDS = 360;
/** The window of most rate limits, in seconds. */
export const MINUTE = 60;

/** The seconds of a minute's quarter are also summed, so that five minutes are added up in some thirty steps and not in 300. */
const BLOCK = 15;

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

function empty({ seconds, blocks }: Row): void {
  seconds.fill(0);
  blocks.fill(0);
}

function addTo(row: Row, slot: number, amount: number): void {
  put(row, slot, (row.seconds[slot] ?? 0) + amount);
}

/** Sums so many seconds from a slot on: those before a block begins, whole blocks, and the rest. */
function addUp({ seconds, blocks }: Row, slot: number, count: number): number {
  let total = 0;
  let at = slot;
  const toBlock = Math.min(count, (COUNTED_SECONDS - slot) % BLOCK);
  for (const end = at + toBlock; at < end; at += 1) total += seconds[at] ?? 0;
  if (count === toBlock) return total;
  let block = at / BLOCK;
  let left = count - toBlock;
  for (; left >= BLOCK; left -= BLOCK) {
    if (block === blocks.length) block = 0;
    total += blocks[block] ?? 0;
    block += 1;
  }
  at = block === blocks.length ? 0 : block * BLOCK;
  for (const end = at + left; at < end; at += 1) total += seconds[at] ?? 0;
  return total;
}

export function createTrafficCounts(): TrafficCounts {
  // What was admitted is what is left of all requests: so these are added up in one row, and a success is counted in one.
  const requests = createRow();
  const failed = createRow();
  const unjudged = createRow();
  const tokens = createRow();
  const all = [requests, failed, unjudged, tokens];
  /** The row that holds a count, and those to take off from it. */
  const rows = {
    admitted: [requests, failed, unjudged],
    failed: [failed],
    unjudged: [unjudged],
    tokens: [tokens],
  } satisfies Record<Count, readonly [Row, ...(readonly Row[])]>;
  let first = Number.NEGATIVE_INFINITY;
  let head = Number.NEGATIVE_INFINITY;
  let headSlot = 0;
  // Logs write seconds: most events have the time of the one before.
  let latestMs = Number.NaN;

  /** Counted from the head's place: the remainder of a division takes longer than all else here. */
  function slotAgo(ago: number): number {
    return ago > headSlot ? headSlot - ago + COUNTED_SECONDS : headSlot - ago;
  }

  function sumOf(row: Row, timeMs: number, span: number): number {
    const last = Math.min(bucketOf(timeMs), head);
    const from = Math.max(bucketOf(timeMs - span * 1000), head - COUNTED_SECONDS) + 1;
    return from <= last ? addUp(row, slotAgo(head - from), last - from + 1) : 0;
  }

  function moveTo(timeMs: number): void {
    if (timeMs === latestMs) return;
    latestMs = timeMs;
    const bucket = bucketOf(timeMs);
    if (Math.abs(bucket - head) >= COUNTED_SECONDS) {
      all.forEach(empty);
      first = bucket;
      head = bucket;
      headSlot = slotOf(head);
    }
    for (; head < bucket; head += 1) {
      headSlot = headSlot === COUNTED_SECONDS - 1 ? 0 : headSlot + 1;
      for (const row of all) put(row, headSlot, 0);
    }
  }

  return {
    moveTo,
    addAdmitted({ timeMs, startMs, tokens: amounts, next }, from) {
      for (let row = from; row >= 0; row = next[row] ?? -1) {
        const endMs = timeMs[row] ?? 0;
        if (endMs !== latestMs) moveTo(endMs);
        const ago = head - bucketOf(startMs[row] ?? 0);
        if (ago >= COUNTED_SECONDS) continue;
        const slot = slotAgo(ago);
        addTo(requests, slot, 1);
        const amount = amounts?.[row] ?? Number.NaN;
        if (amount >= 0) addTo(tokens, slot, amount);
      }
    },
    add(count, timeMs, amount) {
      const ago = head - bucketOf(timeMs);
      if (ago >= COUNTED_SECONDS) return;
      const slot = slotAgo(ago);
      if (count === 'tokens') return addTo(tokens, slot, amount);
      addTo(requests, slot, amount);
      if (count === 'admitted') return;
      addTo(count === 'failed' ? failed : unjudged, slot, amount);
    },
    sum(count, timeMs, span) {
      const [row, ...others] = rows[count];
      return others.reduce((left, other) => left - sumOf(other, timeMs, span), sumOf(row, timeMs, span));
    },
    requests: (timeMs, span) => sumOf(requests, timeMs, span),
    sums: (count) => sumsUpTo(rows[count], head),
    watchedSeconds: (timeMs) => Math.min(COUNTED_SECONDS, bucketOf(timeMs) - first),
  };
}

/** A count in the second of the head and before it: what its row says less what the others do. */
function sumsUpTo([row, ...others]: readonly [Row, ...(readonly Row[])], head: number) {
  const from = head - COUNTED_SECONDS;
  const upTo = new Float64Array(COUNTED_SECONDS + 1);
  for (let at = 1; at <= COUNTED_SECONDS; at += 1) {
    const slot = slotOf(from + at);
    const counted = others.reduce((left, other) => left - (other.seconds[slot] ?? 0), row.seconds[slot] ?? 0);
    upTo[at] = (upTo[at - 1] ?? 0) + counted;
  }
  const total = (bucket: number) => upTo[Math.min(Math.max(bucket - from, 0), COUNTED_SECONDS)] ?? 0;
  return (timeMs: number, span: number) => total(bucketOf(timeMs)) - total(bucketOf(timeMs - span * 1000));
}

function bucketOf(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}

/** Also for times before 1970, which a log line may claim. */
function slotOf(bucket: number): number {
  return ((bucket % COUNTED_SECONDS) + COUNTED_SECONDS) % COUNTED_SECONDS;
}
