import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStepBudget } from '../../../../src/input/log/step-budget.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

/** Steps that read all they may, at a speed. */
function readAt(bytesPerMs: number, steps: number, { bytes }: { readonly bytes?: number } = {}) {
  const clock = createManualClock();
  const budget = createStepBudget(clock, bytes);
  const step = (speed: number) =>
    budget.measure(() => {
      clock.advance(budget.bytes / speed);
      return budget.bytes;
    });
  for (let turn = 0; turn < steps; turn += 1) step(bytesPerMs);
  return { budget, step, clock };
}

test('a step reads as much as fits into two milliseconds', () => {
  assert.equal(readAt(100_000, 20).budget.bytes, 200_000);
  assert.equal(readAt(30_000, 20).budget.bytes, 60_000);
});

test('a step is never so small that it is all overhead, nor so large that slow lines would hold up everything', () => {
  assert.equal(readAt(1, 20).budget.bytes, 32 * 1024);
  assert.equal(readAt(1e9, 20).budget.bytes, 1024 * 1024);
});

test('lines that are slow all of a sudden make steps small soon', () => {
  const { budget, step } = readAt(400_000, 20);
  assert.equal(budget.bytes, 800_000);
  for (let turn = 0; turn < 4; turn += 1) step(20_000);
  assert.equal(budget.bytes, 40_000);
});

test('a step in which something else ran says nothing of speed', () => {
  const { budget, step } = readAt(100_000, 20);
  for (const speed of [1000, 5000, 2000, 100_000, 1000]) step(speed);
  assert.equal(budget.bytes, 200_000);
});

test('a step that had less to read says nothing of speed', () => {
  const { budget, clock } = readAt(100_000, 20);
  budget.measure(() => {
    clock.advance(50);
    return 10;
  });
  assert.equal(budget.bytes, 200_000);
});

test('who sets it is left alone', () => {
  assert.equal(readAt(100_000, 20, { bytes: 5000 }).budget.bytes, 5000);
});
