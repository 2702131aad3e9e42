import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress } from '../../../../src/cli/terminal/progress.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const MIB = 1024 * 1024;

function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { written, stderr: { write: (text: string) => written.push(text), isTTY, columns: 60 } };
}

test('draws a bar at most ten times a second, within the width, and takes it away', () => {
  const clock = createManualClock();
  const { written, stderr } = terminal(true);
  const progress = createProgress(stderr, clock);
  progress.show('reading', 0, 100 * MIB);
  progress.show('reading', MIB, 100 * MIB);
  assert.equal(written.length, 1);
  clock.advance(2000);
  progress.show('reading', 50 * MIB, 100 * MIB);
  assert.match(written[1] ?? '', /^\rreading █{12}░{12} 50 %, 50 of 100 MiB, 2/);
  for (const line of written) assert.ok(line.length <= 60 + '\r\x1b[K'.length);
  progress.clear();
  assert.equal(written.at(-1), '\r\x1b[K');
});

test('a new stage is shown at once', () => {
  const { written, stderr } = terminal(true);
  const progress = createProgress(stderr, createManualClock());
  progress.show('rule 1 of 2');
  progress.show('rule 2 of 2');
  assert.deepEqual(written, ['\rrule 1 of 2\x1b[K', '\rrule 2 of 2\x1b[K']);
});

test('writes nothing where stderr is no terminal, or is not there', () => {
  const { written, stderr } = terminal(false);
  const progress = createProgress(stderr, createManualClock());
  progress.show('reading', 1, 2);
  progress.clear();
  createProgress(undefined, createManualClock()).show('reading');
  assert.deepEqual(written, []);
});
