import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

const GIB = 1024 ** 3;

/** Writes as one does that has no O_APPEND: at its own place, wherever the file ends. */
function writeAt(path: string, place: number, text: string): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, text, place);
  closeSync(descriptor);
}

test('a hole of gigabytes before the first line costs some steps and no line', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  truncateSync(log.path);
  writeAt(log.path, 16 * GIB, requestLines(4, 5));
  let steps = 0;
  while (log.source.poll().bytesRead > 0) steps += 1;
  assert.ok(steps <= 4, `${steps} steps`);
  assert.deepEqual(log.readAll(), ids(1, 5));
  assert.deepEqual(log.sink.rejected, []);
  assert.equal(log.sink.bytes, requestLines(1, 5).length, 'nobody wrote the hole');
  appendFileSync(log.path, requestLine(6));
  log.restart();
  assert.deepEqual(log.readAll(), ids(1, 6));
});

test('two writers that leave a hole each lose no line', async (t) => {
  const log = await followLog(t);
  writeFileSync(log.path, '');
  writeAt(log.path, 3_000_000, requestLine(1));
  writeAt(log.path, 9_000_000, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
});

test('a hole with nothing behind it yet is no line', async (t) => {
  const log = await followLog(t);
  writeFileSync(log.path, '');
  truncateSync(log.path, 5_000_000);
  log.readAll();
  assert.deepEqual([log.sink.lines, log.sink.last?.lagBytes], [0, 0]);
  appendFileSync(log.path, requestLine(1));
  assert.deepEqual(log.readAll(), ['1']);
});
