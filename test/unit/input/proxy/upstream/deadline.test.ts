import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../../../../src/clock.ts';
import { createDeadline } from '../../../../../src/input/proxy/upstream/deadline.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

function setUp() {
  const manual = createManualClock();
  const runs: number[] = [];
  const delays: number[] = [];
  const clock: Clock = {
    ...manual,
    after(delayMs, task) {
      delays.push(delayMs);
      return manual.after(delayMs, task);
    },
  };
  const deadline = createDeadline(clock, () => runs.push(manual.elapsedMs()));
  return { deadline, runs, advance: manual.advance, delays };
}

test('a timer that is due earlier serves all that ask for later', () => {
  const { deadline, runs, advance, delays } = setUp();
  for (let request = 0; request < 100; request += 1) deadline.by(1000 + request);
  advance(5000);
  assert.deepEqual([runs, delays], [[1000], [1000]]);
});

test('one that is due too late gives way', () => {
  const { deadline, runs, advance } = setUp();
  deadline.by(1000);
  advance(10);
  deadline.by(500);
  advance(5000);
  assert.deepEqual(runs, [500]);
});

test('it can be set again once it has run, and in its own task', () => {
  const { deadline, runs, advance } = setUp();
  deadline.by(100);
  advance(100);
  deadline.by(100 + 50);
  advance(50);
  assert.deepEqual(runs, [100, 150]);
});

test('a cleared one does not run, and can be set for later than before', () => {
  const { deadline, runs, advance } = setUp();
  deadline.by(100);
  deadline.clear();
  deadline.clear();
  deadline.by(300);
  advance(1000);
  assert.deepEqual(runs, [300]);
});

test('one that was due when it is set runs at once', () => {
  const { deadline, runs, advance, delays } = setUp();
  advance(100);
  deadline.by(40);
  advance(0);
  assert.deepEqual([runs, delays], [[100], [0]]);
});
