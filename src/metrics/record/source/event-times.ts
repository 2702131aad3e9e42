import type { Clock } from '../../../clock.ts';

/** Where in event time a source is being read. Times are epoch milliseconds. */
export interface EventTimes {
  /** Takes in the time of one event of a chunk. */
  note(timeMs: number): void;
  /** The same for the first so many of a column. */
  noteAll(timesMs: Float64Array, length: number): void;
  /** The events since the last call were one chunk: read one after the other in one place. */
  endChunk(): void;
  /** Nothing is left to read. */
  caughtUp(): void;
  /** The newest event; undefined before the first. */
  readonly newestMs: number | undefined;
  /** The oldest place in which reading went on lately; undefined before the first event. */
  readonly positionMs: number | undefined;
}

/**
 * How far ahead of ours the clock of a log's writer may be. A line from further in the future has a wrong time (no zone, a test's date):
 * believed once, it would be the newest event until that day comes, and hide for as long that a source has fallen silent.
 */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

/** The files of a source that is behind take turns within less. */
const SLOT_MS = 5_000;

/**
 * A source may be many files: one that is read as it is written and, beside it, one that is hours behind. The newest event of them all
 * would hide the second, so the oldest of the latest places is the position: those of this slot of time and of the one before. Slots
 * change only when something is read, so a source that is stuck keeps its position.
 */
export function createEventTimes(clock: Clock): EventTimes {
  let chunkMs = Number.NEGATIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  let slotMs = Number.POSITIVE_INFINITY;
  let formerSlotMs = Number.POSITIVE_INFINITY;
  let slotBeganMs = Number.NEGATIVE_INFINITY;
  let believedUntilMs = Number.NEGATIVE_INFINITY;

  /** The clock is asked only when what it said before does not do. */
  function isBelievable(timeMs: number): boolean {
    if (timeMs > believedUntilMs) believedUntilMs = clock.nowMs() + MAX_CLOCK_SKEW_MS;
    return timeMs <= believedUntilMs;
  }

  return {
    note(timeMs) {
      if (timeMs > chunkMs && isBelievable(timeMs)) chunkMs = timeMs;
    },
    noteAll(timesMs, length) {
      // Mostly the newest is the last, and all are believed.
      let latestMs = chunkMs;
      for (let index = 0; index < length; index += 1) {
        const timeMs = timesMs[index] ?? 0;
        if (timeMs > latestMs && isBelievable(timeMs)) latestMs = timeMs;
      }
      chunkMs = latestMs;
    },
    endChunk() {
      if (chunkMs === Number.NEGATIVE_INFINITY) return;
      const nowMs = clock.elapsedMs();
      if (nowMs >= slotBeganMs + SLOT_MS) {
        formerSlotMs = nowMs >= slotBeganMs + 2 * SLOT_MS ? Number.POSITIVE_INFINITY : slotMs;
        slotMs = Number.POSITIVE_INFINITY;
        slotBeganMs = nowMs;
      }
      slotMs = Math.min(slotMs, chunkMs);
      newestMs = Math.max(newestMs, chunkMs);
      chunkMs = Number.NEGATIVE_INFINITY;
    },
    caughtUp() {
      slotMs = newestMs;
      formerSlotMs = Number.POSITIVE_INFINITY;
      slotBeganMs = Number.NEGATIVE_INFINITY;
    },
    get newestMs() {
      return finite(newestMs);
    },
    get positionMs() {
      return finite(Math.min(slotMs, formerSlotMs));
    },
  };
}

function finite(timeMs: number): number | undefined {
  return Number.isFinite(timeMs) ? timeMs : undefined;
}
