import type { ModelState } from './traffic-state.ts';

/**
 * What `learn` makes of a success of which nothing else is known, from numbers alone: a log has hundreds in a row. NaN is what the line
 * does not say; `tokens` is the sum of both kinds.
 */
export function learnSuccess(
  model: ModelState,
  timeMs: number,
  { durationSeconds, waitedSeconds, tokens }: SuccessNumbers,
): void {
  const { counts, provider } = model;
  counts.moveTo(timeMs);
  provider.counts.moveTo(timeMs);
  const startMs = durationSeconds > 0 ? timeMs - durationSeconds * 1000 : timeMs;
  model.trials.add('admitted', startMs, undefined, undefined);
  counts.add('admitted', startMs, 1);
  provider.counts.add('admitted', startMs, 1);
  if (tokens >= 0) counts.add('tokens', startMs, tokens);
  model.health.succeeded();
  if (!(waitedSeconds >= 0)) return;
  provider.quickest.add(waitedSeconds, timeMs);
  model.work.answered(waitedSeconds);
  provider.timeoutLimit.answered(waitedSeconds, timeMs);
}

/** Used again for each success. */
export interface SuccessNumbers {
  durationSeconds: number;
  /** What the client waited for: the first token of a stream, else the whole answer. */
  waitedSeconds: number;
  tokens: number;
}
