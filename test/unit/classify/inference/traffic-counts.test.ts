import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COUNTED_SECONDS, createTrafficCounts, slotOf } from '../../../../src/classify/inference/traffic-counts.ts';

const START_S = 1_788_307_200;

const KINDS = ['admitted', 'failed', 'unjudged', 'tokens'] as const;

/** Events by the second: how far the time moves (back, too), how long ago the request began, as what and how much it counts. */
const events = fc.array(
  fc.record({
    move: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -400, max: 400 })),
    ago: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 400 })),
    amount: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 50_000 })),
    kind: fc.constantFrom(...KINDS),
  }),
  { maxLength: 200 },
);

test('sums are those of all that was counted in their seconds, however they are added up', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 330 }), fc.integer({ min: 0, max: 40 }), (steps, seconds, before) => {
      const counts = createTrafficCounts();
      let kept: { readonly second: number; readonly amount: number; readonly kind: string }[] = [];
      let now = START_S;
      let head = Number.NEGATIVE_INFINITY;
      for (const { move, ago, amount, kind } of steps) {
        now += move;
        counts.moveTo(now * 1000 + 250);
        if (Math.abs(now - head) >= COUNTED_SECONDS) {
          kept = [];
          head = now;
        }
        head = Math.max(head, now);
        const startMs = (now - ago) * 1000 + 999;
        if (kind === 'admitted' && amount === 1) counts.admit(startMs, slotOf(startMs));
        else counts.add(kind, startMs, amount);
        kept.push({ second: now - ago, amount, kind });
        kept = kept.filter(({ second }) => second > head - COUNTED_SECONDS);
      }
      const last = Math.min(now - before, head);
      const from = Math.max(now - before - seconds, head - COUNTED_SECONDS) + 1;
      const expected = (...kinds: readonly string[]) => expectedFrom(from, last, kinds);
      const expectedFrom = (from: number, last: number, kinds: readonly string[]) =>
        kept
          .filter(({ kind, second }) => kinds.includes(kind) && second >= from && second <= last)
          .reduce((sum, { amount }) => sum + amount, 0);
      const endMs = (now - before) * 1000;
      for (const kind of KINDS) {
        assert.equal(counts.sum(kind, endMs, seconds), expected(kind));
        if (steps.length > 0) assert.equal(counts.sums(kind)(endMs, seconds), expected(kind));
      }
      const requests = ['admitted', 'failed', 'unjudged'];
      assert.equal(counts.requests(endMs, seconds), expected(...requests));
      const atMost = counts.requestsAtMost(endMs, seconds);
      assert.ok(atMost >= expected(...requests));
      // Of the seconds before and behind, no more than belong to one quarter of a minute.
      if (Number.isFinite(atMost)) assert.ok(atMost <= expectedFrom(last - seconds - 15, last + 15, requests));
    }),
  );
});
