import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRetryBudget, FREE_RETRIES } from '../../../../../src/input/proxy/retry/budget.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

function taken(budget: ReturnType<typeof createRetryBudget>, ratio: number, asked: number): number {
  return Array.from({ length: asked }, () => budget.take(ratio)).filter((isTaken) => isTaken).length;
}

test('quiet traffic has a few retries, and no more than those', () => {
  const budget = createRetryBudget(createManualClock());
  budget.request();
  assert.equal(taken(budget, 0.2, 100), FREE_RETRIES);
});

test('of several processes each has its part of the free ones', () => {
  const budget = createRetryBudget(createManualClock(), 3);
  budget.request();
  assert.equal(taken(budget, 0.2, 100), 3);
});

test('traffic earns its ratio, and the free ones are not on top of it', () => {
  const budget = createRetryBudget(createManualClock());
  for (let sent = 0; sent < 500; sent += 1) budget.request();
  assert.equal(taken(budget, 0.2, 500), 100);
});

test('a ratio of 0 allows none', () => {
  const budget = createRetryBudget(createManualClock());
  budget.request();
  assert.equal(budget.take(0), false);
});

test('what was earned and what was spent is forgotten after a minute', () => {
  const clock = createManualClock();
  const budget = createRetryBudget(clock);
  for (let sent = 0; sent < 500; sent += 1) budget.request();
  assert.equal(taken(budget, 0.2, 500), 100);
  clock.advance(59_000);
  assert.equal(taken(budget, 0.2, 500), 0);
  clock.advance(1000);
  assert.equal(taken(budget, 0.2, 500), FREE_RETRIES);
});

test('no retry is more than its minute has earned, and each is earned anew', () => {
  const step = fc.record({
    waitMs: fc.nat({ max: 20_000 }),
    requests: fc.nat({ max: 60 }),
    asked: fc.nat({ max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (steps, ratio) => {
      const clock = createManualClock();
      const budget = createRetryBudget(clock);
      const seen: { second: number; requests: number; retries: number }[] = [];
      for (const { waitMs, requests, asked } of steps) {
        clock.advance(waitMs);
        for (let sent = 0; sent < requests; sent += 1) budget.request();
        const second = Math.floor(clock.elapsedMs() / 1000);
        const retries = taken(budget, ratio, asked);
        seen.push({ second, requests, retries });
        const window = seen.filter((each) => each.second > second - 60);
        const sum = (field: 'requests' | 'retries') => window.reduce((total, each) => total + each[field], 0);
        const limit = Math.max(FREE_RETRIES, ratio * sum('requests'));
        if (retries > 0) assert.ok(sum('retries') <= limit);
        if (retries < asked) assert.ok(sum('retries') + 1 > limit, 'what was earned is given');
      }
    }),
  );
});
