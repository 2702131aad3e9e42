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
  /** `add` for one that was admitted, with the slot of its time: called for every success. */
  admit(timeMs: number, slot: number): void;
  /** Sum over the `seconds` up to the end of the second of `timeMs`. */
  sum(count: Count, timeMs: number, seconds: number): number;
  /** Same for requests, whatever became of them. */
  requests(timeMs: number, seconds: number): number;
  /** No less than `requests`, and found at once. */
  requestsAtMost(timeMs: number, seconds: number): number;
  /** `sum` for many times: it looks at each second once, and knows nothing of what is counted later. */
  sums(count: Count): (timeMs: number, seconds: number) => number;
  /** Seconds from the first event that was counted to `timeMs`, at most COUNTED_SECONDS. */
  watchedSeconds(timeMs: number): number;
}

/** What a ramp is measured against, and what an old trial's minute begins with, with half a minute to spare. */
export const COUNTED_SECONDS = 360;
/** The window of most rate limits, in seconds. */
export const MINUTE = 60;

/**
 * Seconds are kept in a ring of a power of two, as the remainder of a division takes longer than all else here. Neighbours of a block are also
 * summed, so that five minutes are added up in some thirty steps and not in 300. The ring is longer than what is counted by more than a
 * block: one is emptied as a whole when the time comes to it.
 */
const RING = 512;
const LAST = RING - 1;
const BLOCK = 16;
const BLOCK_BITS = 4;

/** The seconds of the ring, and behind them the sums of its blocks. */
const ROW = RING + RING / BLOCK;
type Row = Int32Array | Float64Array;

function addTo(row: Row, slot: number, amount: number): void {
  row[slot] = (row[slot] ?? 0) + amount;
  const block = RING + (slot >> BLOCK_BITS);
  row[block] = (row[block] ?? 0) + amount;
}

/** A loop, as to call `fill` for so few takes several times as long. */
function emptyBlock(row: Row, slot: number): void {
  for (let at = slot; at < slot + BLOCK; at += 1) row[at] = 0;
  row[RING + (slot >> BLOCK_BITS)] = 0;
}

/** Sums so many seconds up to a slot: those behind the last whole block, whole blocks, and those before them. */
function addUp(row: Row, slot: number, count: number): number {
  let total = 0;
  let at = slot;
  let left = count;
  for (; left > 0 && (at & (BLOCK - 1)) !== BLOCK - 1; left -= 1) {
    total += row[at] ?? 0;
    at = (at - 1) & LAST;
  }
  for (; left >= BLOCK; left -= BLOCK) {
    total += row[RING + (at >> BLOCK_BITS)] ?? 0;
    at = (at - BLOCK) & LAST;
  }
  for (; left > 0; left -= 1) {
    total += row[at] ?? 0;
    at = (at - 1) & LAST;
  }
  return total;
}

export function createTrafficCounts(): TrafficCounts {
  return new CountsOfSeconds();
}

/** A class, as numbers that closures hold and change are made anew at each change, and these are changed for every success. */
class CountsOfSeconds implements TrafficCounts {
  /** What was admitted is what is left of all: so a success is counted in one row. */
  readonly #requests = new Int32Array(ROW);
  readonly #failed = new Int32Array(ROW);
  readonly #unjudged = new Int32Array(ROW);
  readonly #tokens = new Float64Array(ROW);
  readonly #rows: readonly Row[] = [this.#requests, this.#failed, this.#unjudged, this.#tokens];
  #first = Number.NEGATIVE_INFINITY;
  #newestMs = Number.NEGATIVE_INFINITY;
  // Between these two, both in or about the block of the newest second, there is nothing to be done for a time but to note the newest.
  #surelySinceMs = Number.POSITIVE_INFINITY;
  #blockEndMs = Number.NEGATIVE_INFINITY;

  moveTo(timeMs: number): void {
    if (timeMs < this.#surelySinceMs || timeMs >= this.#blockEndMs) this.#moveOn(timeMs);
    if (timeMs > this.#newestMs) this.#newestMs = timeMs;
  }

  admit(timeMs: number, slot: number): void {
    if (timeMs < this.#surelySinceMs && this.#isTooOld(timeMs)) return;
    const row = this.#requests;
    row[slot] = (row[slot] ?? 0) + 1;
    const block = RING + (slot >> BLOCK_BITS);
    row[block] = (row[block] ?? 0) + 1;
  }

  add(count: Count, timeMs: number, amount: number): void {
    if (this.#isTooOld(timeMs)) return;
    const slot = slotOf(timeMs);
    if (count !== 'tokens') addTo(this.#requests, slot, amount);
    if (count !== 'admitted') addTo(this.#rowOf(count), slot, amount);
  }

  sum(count: Count, timeMs: number, seconds: number): number {
    if (count !== 'admitted') return this.#sumOf(this.#rowOf(count), timeMs, seconds);
    const others = this.#sumOf(this.#failed, timeMs, seconds) + this.#sumOf(this.#unjudged, timeMs, seconds);
    return this.requests(timeMs, seconds) - others;
  }

  requests(timeMs: number, seconds: number): number {
    return this.#sumOf(this.#requests, timeMs, seconds);
  }

  requestsAtMost(timeMs: number, seconds: number): number {
    const head = this.#head;
    const last = Math.min(secondOf(timeMs), head);
    // A span that goes back beyond what is counted is not worth the thought.
    if (head - last + seconds + BLOCK > COUNTED_SECONDS) return Number.POSITIVE_INFINITY;
    const row = this.#requests;
    let total = 0;
    const first = (last - seconds + 1) & LAST & -BLOCK;
    for (let at = last & LAST & -BLOCK; ; at = (at - BLOCK) & LAST) {
      total += row[RING + (at >> BLOCK_BITS)] ?? 0;
      if (at === first) return total;
    }
  }

  sums(count: Count): (timeMs: number, seconds: number) => number {
    const from = this.#head - COUNTED_SECONDS;
    const upTo = new Float64Array(COUNTED_SECONDS + 1);
    for (let at = 1; at <= COUNTED_SECONDS; at += 1) {
      upTo[at] = (upTo[at - 1] ?? 0) + this.#countedIn(count, (from + at) & LAST);
    }
    const total = (second: number) => upTo[Math.min(Math.max(second - from, 0), COUNTED_SECONDS)] ?? 0;
    return (timeMs, seconds) => total(secondOf(timeMs)) - total(secondOf(timeMs - seconds * 1000));
  }

  watchedSeconds(timeMs: number): number {
    return Math.min(COUNTED_SECONDS, secondOf(timeMs) - this.#first);
  }

  #moveOn(timeMs: number): void {
    const second = secondOf(timeMs);
    if (Math.abs(second - this.#head) >= COUNTED_SECONDS) {
      for (const row of this.#rows) row.fill(0);
      this.#first = second;
      this.#newestMs = timeMs;
    }
    const begun = blockOf(this.#head);
    // Counted, as a block added to a time that is far beyond all that can be is no later time.
    for (let blocks = (blockOf(second) - begun) / BLOCK; blocks > 0; blocks -= 1) {
      for (const row of this.#rows) emptyBlock(row, (begun + blocks * BLOCK) & LAST);
    }
    const endSecond = Math.max(begun, blockOf(second)) + BLOCK;
    this.#blockEndMs = endSecond * 1000;
    this.#surelySinceMs = (endSecond - COUNTED_SECONDS) * 1000;
  }

  /** The newest second. */
  get #head(): number {
    return secondOf(this.#newestMs);
  }

  /** What began before the seconds that are counted is not. */
  #isTooOld(timeMs: number): boolean {
    return secondOf(timeMs) <= this.#head - COUNTED_SECONDS;
  }

  #sumOf(row: Row, timeMs: number, seconds: number): number {
    const last = Math.min(secondOf(timeMs), this.#head);
    const before = Math.max(secondOf(timeMs - seconds * 1000), this.#head - COUNTED_SECONDS);
    return addUp(row, last & LAST, last - before);
  }

  #countedIn(count: Count, slot: number): number {
    if (count !== 'admitted') return this.#rowOf(count)[slot] ?? 0;
    return (this.#requests[slot] ?? 0) - (this.#failed[slot] ?? 0) - (this.#unjudged[slot] ?? 0);
  }

  #rowOf(count: Exclude<Count, 'admitted'>): Row {
    if (count === 'tokens') return this.#tokens;
    return count === 'failed' ? this.#failed : this.#unjudged;
  }
}

/** The place of a time in the ring. */
export function slotOf(timeMs: number): number {
  return secondOf(timeMs) & LAST;
}

/** The first second of a block. */
function blockOf(second: number): number {
  return second - (second & (BLOCK - 1));
}

function secondOf(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}
