import type { EventBatch } from '../../event/event-batch.ts';
import { slotOf } from './traffic-counts.ts';
import type { ModelState } from './traffic-state.ts';

/** What `learn` makes of a success that says nothing but the numbers of its row: the same, without an object for it. */
export function learnRow(model: ModelState, batch: EventBatch, row: number, isStream: boolean): void {
  const { provider, counts } = model;
  const endMs = batch.timeMs[row] ?? 0;
  const duration = batch.durationSeconds[row] ?? Number.NaN;
  const startMs = duration > 0 ? endMs - duration * 1000 : endMs;
  counts.moveTo(endMs);
  provider.counts.moveTo(endMs);
  const slot = slotOf(startMs);
  counts.admit(startMs, slot);
  provider.counts.admit(startMs, slot);
  learnTokens(model, batch, row, startMs);
  model.trials.admit(startMs);
  model.health.succeeded();
  const waited = isStream ? (batch.firstTokenSeconds[row] ?? Number.NaN) : duration;
  if (!(waited >= 0)) return;
  model.work.answered(waited);
  provider.quickest.add(waited, endMs);
  provider.timeoutLimit.answered(waited, endMs);
}

function learnTokens({ counts }: ModelState, batch: EventBatch, row: number, startMs: number): void {
  const input = batch.inputTokens[row] ?? Number.NaN;
  const output = batch.outputTokens[row] ?? Number.NaN;
  if (input >= 0) counts.add('tokens', startMs, input);
  if (output >= 0) counts.add('tokens', startMs, output);
}
