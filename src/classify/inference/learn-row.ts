import type { EventBatch } from '../../event/event-batch.ts';
import { slotOf } from './traffic-counts.ts';
import type { ModelState, ProviderState } from './traffic-state.ts';

/** Some rows of a batch, one behind the other, each a success that says nothing but its numbers. */
export interface Successes {
  readonly batch: EventBatch;
  readonly first: number;
  readonly end: number;
  /** By row, what the provider let wait for; NaN where that is not known. */
  readonly waitedSeconds: Float64Array;
  /** By row, when the request began and the slot of that: filled for the model, for its provider to use. */
  readonly startMs: Float64Array;
  readonly slots: Int32Array;
}

/*
 * Together these are what `learn` makes of a success, without an object for it. What a model learns and what its provider learns are apart, as
 * V8 puts no more than so much into one function: what is left over is called, and each number that it is given is boxed for that.
 */

/** What the model learns from one of them: first of all. */
export function learnRow({ counts, trials, health, work }: ModelState, rows: Successes, row: number): void {
  const { batch, waitedSeconds } = rows;
  const endMs = batch.timeMs[row] ?? 0;
  const duration = batch.durationSeconds[row] ?? Number.NaN;
  const startMs = duration > 0 ? endMs - duration * 1000 : endMs;
  const slot = slotOf(startMs);
  rows.startMs[row] = startMs;
  rows.slots[row] = slot;
  counts.moveTo(endMs);
  counts.admit(startMs, slot);
  trials.admit(startMs);
  health.succeeded();
  const waited = waitedSeconds[row] ?? Number.NaN;
  if (waited >= 0) work.answered(waited);
}

/** What the model learns from its numbers of tokens. */
export function learnTokens({ counts }: ModelState, { batch, startMs: starts }: Successes, row: number): void {
  const startMs = starts[row] ?? 0;
  const input = batch.inputTokens[row] ?? Number.NaN;
  const output = batch.outputTokens[row] ?? Number.NaN;
  if (input >= 0) counts.add('tokens', startMs, input);
  if (output >= 0) counts.add('tokens', startMs, output);
}

/** What their provider learns from all of them. */
export function learnRows({ counts, quickest, timeoutLimit }: ProviderState, rows: Successes): void {
  const { waitedSeconds, startMs, slots, first, end } = rows;
  const { timeMs } = rows.batch;
  for (let row = first; row < end; row += 1) {
    const endMs = timeMs[row] ?? 0;
    counts.moveTo(endMs);
    counts.admit(startMs[row] ?? 0, slots[row] ?? 0);
    const waited = waitedSeconds[row] ?? Number.NaN;
    if (!(waited >= 0)) continue;
    quickest.add(waited, endMs);
    timeoutLimit.answered(waited, endMs);
  }
}
