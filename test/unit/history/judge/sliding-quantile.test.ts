import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { slidingQuantile } from '../../../../src/history/judge/sliding-quantile.ts';

/** promql/quantile.go, word for word. */
function quantile(q: number, values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[lower] ?? 0) * (1 - weight) + (sorted[upper] ?? 0) * weight;
}

const RUNS = fc.record({
  row: fc.array(fc.option(fc.constantFrom(0, 0.1, 0.25, 1, 7), { freq: 4 }), { minLength: 1, maxLength: 80 }),
  range: fc.nat(20),
  offset: fc.nat(5),
  isClosed: fc.boolean(),
  q: fc.constantFrom(0, 0.5, 0.9, 1),
});

test('gives what sorting each window anew gives', () => {
  fc.assert(
    fc.property(RUNS, ({ row, range, offset, isClosed, q }) => {
      const samples = row.flatMap((value, at) => (value === null ? [] : [{ timeMs: at * 10, value }]));
      const series = { timesMs: samples.map(({ timeMs }) => timeMs), values: samples.map(({ value }) => value) };
      const own = { quantile: q, rangeMs: range * 10, offsetMs: offset * 10, isClosed };
      const result = slidingQuantile(series, { startMs: 0, endMs: 900, stepMs: 10 }, own);
      const expected = Array.from({ length: 91 }, (_, at) => at * 10).flatMap((timeMs) => {
        const inside = samples.filter((sample) => {
          const age = timeMs - offset * 10 - sample.timeMs;
          return age >= 0 && (isClosed ? age <= range * 10 : age < range * 10);
        });
        if (inside.length === 0) return [];
        return [
          [
            timeMs,
            quantile(
              q,
              inside.map(({ value }) => value),
            ),
          ],
        ];
      });
      assert.deepEqual(
        result.timesMs.map((timeMs, at) => [timeMs, result.values[at]]),
        expected,
      );
    }),
  );
});
