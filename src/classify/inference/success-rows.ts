import type { EventBatch } from '../../event/event-batch.ts';
import { append, clear, newList, type RowList } from '../../event/rows.ts';
import type { ModelState, ProviderState } from './traffic-state.ts';

/** Numbers of successes by their row, and lists of rows. NaN is what nobody knows. */
export interface SuccessColumns {
  timeMs: Float64Array;
  durationSeconds: Float64Array;
  firstTokenSeconds: Float64Array;
  startMs: Float64Array;
  /** What the client waited for: the first token of a stream, else the whole answer. */
  waitedSeconds: Float64Array;
  /** Of both kinds. */
  tokens: Float64Array;
  nextOfModel: Int32Array;
  nextOfProvider: Int32Array;
}

/** Successes of a batch that wait to be learned from. */
export interface SuccessRows {
  /** The rows that come are those of this batch. */
  begin(batch: EventBatch): void;
  add(row: number, isStream: boolean, waiting: Waiting): void;
  /** Learns from those of one model, and of its provider. */
  learn(state: ModelState, waiting: Waiting): void;
}

/** The rows of one model, and of its provider. */
export interface Waiting {
  readonly ofModel: RowList;
  readonly ofProvider: RowList;
}

const NONE = new Float64Array(0);

/**
 * What a success teaches is asked for only when something fails. Until then its numbers wait in columns, to be learned from many at a time:
 * the same in the end as one by one, and without an object or a call for each.
 */
export function createSuccessRows(): SuccessRows {
  const columns: SuccessColumns = {
    ...{
      timeMs: NONE,
      durationSeconds: NONE,
      firstTokenSeconds: NONE,
      startMs: NONE,
      waitedSeconds: NONE,
      tokens: NONE,
    },
    ...{ nextOfModel: new Int32Array(0), nextOfProvider: new Int32Array(0) },
  };
  function makeRoom(length: number): void {
    if (columns.startMs.length >= length) return;
    columns.startMs = new Float64Array(length);
    columns.waitedSeconds = new Float64Array(length);
    columns.tokens = new Float64Array(length);
    columns.nextOfModel = new Int32Array(length);
    columns.nextOfProvider = new Int32Array(length);
  }

  return {
    begin({ length, timeMs, durationSeconds, firstTokenSeconds, inputTokens, outputTokens }) {
      makeRoom(length);
      const { startMs, tokens } = columns;
      columns.timeMs = timeMs;
      columns.durationSeconds = durationSeconds;
      columns.firstTokenSeconds = firstTokenSeconds;
      for (let row = 0; row < length; row += 1) {
        const duration = durationSeconds[row] ?? Number.NaN;
        const endMs = timeMs[row] ?? 0;
        startMs[row] = duration > 0 ? endMs - duration * 1000 : endMs;
        const input = inputTokens[row] ?? Number.NaN;
        const output = outputTokens[row] ?? Number.NaN;
        tokens[row] = input >= 0 ? (output >= 0 ? input + output : input) : output;
      }
    },
    add(row, isStream, { ofModel, ofProvider }) {
      const { waitedSeconds, durationSeconds, firstTokenSeconds } = columns;
      waitedSeconds[row] = (isStream ? firstTokenSeconds : durationSeconds)[row] ?? Number.NaN;
      append(ofModel, columns.nextOfModel, row);
      append(ofProvider, columns.nextOfProvider, row);
    },
    learn(state, { ofModel, ofProvider }) {
      if (ofModel.first >= 0) learnOfModel(state, columns, ofModel.first);
      if (ofProvider.first >= 0) learnOfProvider(state.provider, columns, ofProvider.first);
      clear(ofModel);
      clear(ofProvider);
    },
  };
}

/** What `learn` makes of a success, but for its provider's part. */
function learnOfModel({ counts, trials, work }: ModelState, columns: SuccessColumns, first: number): void {
  const { timeMs, startMs, waitedSeconds, tokens, nextOfModel: next } = columns;
  counts.addAdmitted({ timeMs, startMs, tokens, next }, first);
  trials.addAdmitted(startMs, next, first);
  work.answeredAll(waitedSeconds, next, first);
}

function learnOfProvider(
  { counts, quickest, timeoutLimit }: ProviderState,
  columns: SuccessColumns,
  first: number,
): void {
  const { timeMs, startMs, waitedSeconds, nextOfProvider: next } = columns;
  counts.addAdmitted({ timeMs, startMs, tokens: undefined, next }, first);
  for (let row = first; row >= 0; row = next[row] ?? -1) {
    const waited = waitedSeconds[row] ?? Number.NaN;
    if (!(waited >= 0)) continue;
    const endMs = timeMs[row] ?? 0;
    quickest.add(waited, endMs);
    timeoutLimit.answered(waited, endMs);
  }
}

export function nothingWaiting(ofProvider: RowList): Waiting {
  return { ofModel: newList(), ofProvider };
}
