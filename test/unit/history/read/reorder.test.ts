import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createReorder } from '../../../../src/history/read/reorder.ts';

const eventAt = (timeMs: number) => ({ timeMs, provider: 'p', code: 200, final: true });

test('hands out every event once, in order of time, however they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60_000), { maxLength: 200 }), (times) => {
      const reorder = createReorder();
      for (const time of times) assert.equal(reorder.add(eventAt(time)), true);
      const out = [...reorder.takeBefore(20_000), ...reorder.takeBefore(Number.POSITIVE_INFINITY)];
      assert.deepEqual(
        out.map(({ timeMs }) => timeMs),
        times.toSorted((a, b) => a - b),
      );
    }),
  );
});

test('takes whole seconds only, and nothing for a second that was taken', () => {
  const reorder = createReorder();
  for (const time of [900, 1_500, 2_100]) reorder.add(eventAt(time));
  assert.deepEqual(
    reorder.takeBefore(2_050).map(({ timeMs }) => timeMs),
    [900, 1_500],
  );
  assert.equal(reorder.add(eventAt(1_999)), false);
  assert.equal(reorder.add(eventAt(2_000)), true);
});

test('lets go of the oldest when it holds too many', () => {
  const reorder = createReorder(2);
  for (const time of [5_000, 1_000, 3_000, 2_000]) reorder.add(eventAt(time));
  assert.deepEqual(
    reorder.takeBefore(0).map(({ timeMs }) => timeMs),
    [1_000, 2_000],
  );
});
