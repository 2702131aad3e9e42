import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTimeoutLimit } from '../../../../src/classify/inference/timeout-limit.ts';

/** Around a few limits, as timeouts are, and some anywhere. */
const timeout = fc.record({
  seconds: fc.oneof(
    fc
      .tuple(fc.constantFrom(30, 60, 61, 100), fc.double({ min: 0, max: 2.5, noNaN: true }))
      .map(([limit, more]) => limit + more),
    fc.double({ min: 5, max: 600, noNaN: true }),
  ),
  saysSo: fc.boolean(),
});

/** The place at which most of the last 32 lie, in so many words. */
function modeOf(timeouts: readonly { readonly seconds: number; readonly saysSo: boolean }[]) {
  // The last 32 in places that are used in turn: of places with as many, the first is taken.
  const places = timeouts.slice(0, 32);
  for (const [at, one] of timeouts.entries()) places[at % 32] = one;
  const groups = places.map(({ seconds }) => ({
    seconds,
    near: places.filter((other) => other.seconds >= seconds && other.seconds <= seconds * 1.03),
  }));
  const largest = Math.max(0, ...groups.map(({ near }) => (near.some(({ saysSo }) => saysSo) ? near.length : 0)));
  const mode = groups.find(({ near }) => near.length === largest && near.some(({ saysSo }) => saysSo));
  return { seconds: mode?.seconds, timeouts: largest, share: largest / places.length };
}

test('the limit is where most of the last 32 timeouts lie, counted one by one as all at once', () => {
  fc.assert(
    fc.property(fc.array(timeout, { maxLength: 80 }), (timeouts) => {
      const limit = createTimeoutLimit();
      for (const { seconds, saysSo } of timeouts) limit.timedOut(seconds, saysSo);
      const mode = modeOf(timeouts);
      assert.equal(limit.seconds(undefined), mode.timeouts >= 4 && mode.share >= 0.5 ? mode.seconds : undefined);
      const overrules = mode.timeouts >= 12 && mode.share >= 0.8;
      const last = timeouts.slice(-32).map(({ seconds }) => seconds);
      for (const configured of [30, 60, 300]) {
        const isSeen = last.some((seconds) => seconds >= configured / 1.03 && seconds <= configured * 1.1);
        assert.equal(limit.seconds(configured), overrules && !isSeen ? mode.seconds : configured);
      }
    }),
  );
});
