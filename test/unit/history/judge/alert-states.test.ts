import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Episode, episodesOf } from '../../../../src/history/judge/alert-states.ts';

const STEP_MS = 30_000;

/** An alert is found where the text has an x; the numbers are evaluations. */
function judge(
  found: string,
  options: { readonly forMs: number; readonly keepFiringForMs: number },
): readonly Episode[] {
  const at = [...found].flatMap((sign, index) => (sign === 'x' ? [index * STEP_MS] : []));
  const series = { timesMs: at, values: at.map(() => 1) };
  return episodesOf(series, { endMs: (found.length - 1) * STEP_MS, stepMs: STEP_MS }, options);
}

const steps = ({ pendingMs, firingMs, endMs }: Episode) =>
  [pendingMs, firingMs, endMs].map((ms) => (ms === undefined ? undefined : ms / STEP_MS));

test('fires when it was found for long enough, and ends with the first evaluation that does not find it', () => {
  const options = { forMs: 60_000, keepFiringForMs: 0 };
  assert.deepEqual(judge('.xx.xxxx..', options).map(steps), [
    [1, undefined, 3],
    [4, 6, 8],
  ]);
});

test('a gap shorter than keep_firing_for is none; it does not hold what is only pending', () => {
  const options = { forMs: 30_000, keepFiringForMs: 90_000 };
  // Missed at 5, 6 and 7: it would have ended at 8, where it is found again.
  assert.deepEqual(judge('xx..x...xx....x.', options).map(steps), [
    [0, 1, 13],
    [14, undefined, 15],
  ]);
});

test('what is active when the past ends has no end', () => {
  assert.deepEqual(judge('..x', { forMs: 0, keepFiringForMs: 0 }).map(steps), [[2, 2, undefined]]);
});

test('the peak is the worst value, NaN is none', () => {
  const series = { timesMs: [0, STEP_MS, 2 * STEP_MS], values: [2, Number.NaN, 5] };
  const range = { endMs: 2 * STEP_MS, stepMs: STEP_MS };
  assert.equal(episodesOf(series, range, { forMs: 0, keepFiringForMs: 0 })[0]?.peak, 5);
  assert.equal(episodesOf(series, range, { forMs: 0, keepFiringForMs: 0, worse: Math.min })[0]?.peak, 2);
});
