import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineRate } from '../../../../src/input/push/line-rate.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

test('a second of lines may come at once, and more when they are paid for', () => {
  const clock = createManualClock();
  const rate = createLineRate(clock, 100);
  assert.equal(rate.waitMs(), 0);
  rate.take(99);
  assert.equal(rate.waitMs(), 0);
  rate.take(1);
  assert.equal(rate.waitMs(), 10);
  clock.advance(10);
  assert.equal(rate.waitMs(), 0);
});

test('a batch above the limit comes in, and the next waits until its debt is paid', () => {
  const clock = createManualClock();
  const rate = createLineRate(clock, 100);
  rate.take(600);
  assert.equal(rate.waitMs(), 5010);
  clock.advance(5009);
  assert.ok(rate.waitMs() > 0);
  clock.advance(1);
  assert.equal(rate.waitMs(), 0);
});

test('quiet saves up no more than a second of lines', () => {
  const clock = createManualClock();
  const rate = createLineRate(clock, 100);
  clock.advance(3_600_000);
  assert.equal(rate.waitMs(), 0);
  rate.take(100);
  assert.ok(rate.waitMs() > 0);
});

test('on average no more lines come in than may', () => {
  const clock = createManualClock();
  const rate = createLineRate(clock, 50);
  let taken = 0;
  for (let ms = 0; ms < 60_000; ms += 7) {
    if (rate.waitMs() === 0) {
      rate.take(10);
      taken += 10;
    }
    clock.advance(7);
  }
  assert.ok(taken >= 50 * 59 && taken <= 50 * 61 + 10, String(taken));
});
