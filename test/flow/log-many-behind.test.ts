import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ids, requestLine, requestLines } from '../support/followed-log.ts';
import { startLogSources } from '../support/log-sources.ts';
import { tempDir } from '../support/temp-dir.ts';

const LOGS = 5;
const LINES = 2000;
const MAX_STEP_BYTES = 128 * 1024;

/** Logs of some hundred kilobytes each, all of them unread. */
async function startBehind(t: TestContext) {
  const dir = await tempDir(t);
  const files = Array.from({ length: LOGS }, (_, index) => join(dir, `${index}.log`));
  for (const file of files) writeFileSync(file, requestLines(1, LINES));
  const logs = startLogSources(t);
  logs.reload(...files.map((file) => ({ file, start_at: 'beginning' as const })));
  return { files, logs, bytesRead: () => logs.opened.map(({ sink }) => sink.bytes) };
}

test('starting reads nothing: the process is never held up by more than one step', async (t) => {
  const { bytesRead, logs } = await startBehind(t);
  assert.deepEqual(bytesRead(), Array(LOGS).fill(0));
  assert.ok(logs.opened.every(({ sink }) => sink.last?.up === true && sink.last.lagBytes > 0));
});

test('logs that are behind are read in turn: each step is bounded and is of one log, and none is left out', async (t) => {
  const { bytesRead, logs } = await startBehind(t);
  for (let round = 0; round < 3; round += 1) {
    const seen = new Set<number>();
    for (let turn = 0; turn < LOGS; turn += 1) {
      const before = bytesRead();
      logs.takeTurn();
      const steps = bytesRead().map((bytes, index) => bytes - (before[index] ?? 0));
      const readers = steps.flatMap((bytes, index) => (bytes > 0 ? [index] : []));
      assert.equal(readers.length, 1, `read in one step: ${steps}`);
      assert.ok(Math.max(...steps) <= MAX_STEP_BYTES, `read in one step: ${steps}`);
      for (const index of readers) seen.add(index);
    }
    assert.equal(seen.size, LOGS);
  }
  logs.settle();
  assert.deepEqual(logs.opened[LOGS - 1]?.sink.ids(), ids(1, LINES));
  assert.equal(logs.ids().length, LOGS * LINES);
});

test('a log that is closed while it is behind is read no more', async (t) => {
  const { files, logs, bytesRead } = await startBehind(t);
  logs.takeTurn();
  logs.reload();
  const before = bytesRead();
  appendFileSync(files[0] ?? '', requestLine(0));
  logs.settle();
  assert.deepEqual(bytesRead(), before);
});
