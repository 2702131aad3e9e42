import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrials } from '../../../../src/classify/inference/limits/trials.ts';

test('trials are measured while one of those kept is', () => {
  const trials = createTrials();
  for (let time = 0; time < 300; time += 1) trials.add('admitted', time, undefined, undefined);
  assert.equal(trials.areMeasured(), false);
  trials.add('limited', 300, 0, undefined);
  assert.equal(trials.areMeasured(), true);
  for (let time = 301; time < 301 + 255; time += 1) trials.add('admitted', time, undefined, undefined);
  assert.equal(trials.areMeasured(), true);
  trials.add('admitted', 556, undefined, undefined);
  assert.equal(trials.areMeasured(), false);
});

test('what was known of a trial is gone with it', () => {
  const trials = createTrials();
  for (let time = 0; time < 256; time += 1) trials.add('limited', time, 7, 100);
  for (let time = 256; time < 512; time += 1) trials.add('limited', time, undefined, undefined);
  assert.ok(trials.list('limited', 512).every(({ inFlight, bytes }) => Number.isNaN(inFlight) && Number.isNaN(bytes)));
});

test('refusals are counted as long as they are kept', () => {
  const trials = createTrials();
  for (const outcome of ['limited', 'admitted', 'limited', 'failed'] as const)
    trials.add(outcome, 0, undefined, undefined);
  assert.deepEqual([trials.count('limited'), trials.count('failed')], [2, 1]);
  for (let time = 1; time <= 253; time += 1) trials.add('admitted', time, undefined, undefined);
  assert.deepEqual([trials.count('limited'), trials.count('failed')], [1, 1]);
  for (let time = 254; time <= 256; time += 1) trials.add('failed', time, undefined, undefined);
  assert.deepEqual([trials.count('limited'), trials.count('failed')], [0, 3]);
});
