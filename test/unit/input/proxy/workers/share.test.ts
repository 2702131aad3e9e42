import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBackoff } from '../../../../../src/input/proxy/workers/backoff.ts';
import { ALONE, shareOf } from '../../../../../src/input/proxy/workers/share.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

test('the shares of all are the whole, and nobody has more than one above another', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 64 }), (whole, of) => {
      const shares = Array.from({ length: of }, (_, index) => shareOf(whole, { index, of }));
      assert.equal(
        shares.reduce((sum, share) => sum + share, 0),
        whole,
      );
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
    }),
  );
  assert.equal(shareOf(20_000, ALONE), 20_000);
});

test('waits double with each early end, up to half a minute, and begin anew after a minute of good service', () => {
  const clock = createManualClock();
  const backoff = createBackoff(clock);
  const dieAfter = (ms: number): number => {
    backoff.started();
    clock.advance(ms);
    return backoff.nextDelayMs();
  };
  const waits = Array.from({ length: 11 }, () => dieAfter(10));
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  assert.equal(dieAfter(60_000), 100);
  assert.equal(dieAfter(59_999), 200);
});
