import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

test('keeps reading after the file is cut to nothing', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 20) });
  log.readAll();
  truncateSync(log.path);
  log.readAll();
  assert.deepEqual(log.sink.rotations, ['truncated']);
  appendFileSync(log.path, requestLine(21));
  assert.deepEqual(log.readAll(), ids(1, 21));
  assert.deepEqual(log.sink.last, { up: true, lagBytes: 0 });
});

test('copytruncate is seen even when the file has outgrown its old size before the next poll', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 20) });
  log.readAll();
  copyFileSync(log.path, join(log.dir, 'access.log.1'));
  truncateSync(log.path);
  appendFileSync(log.path, requestLines(21, 80));
  assert.deepEqual(log.readAll(), ids(1, 80));
  assert.deepEqual(log.sink.rotations, ['truncated']);
});

test('copytruncate is seen when the file is exactly as long as before and its lines end alike', async (t) => {
  const log = await followLog(t, { before: requestLines(11, 30) });
  log.readAll();
  truncateSync(log.path);
  appendFileSync(log.path, requestLines(31, 50));
  assert.deepEqual(log.readAll(), ids(11, 50));
});

test('a file that is written anew in place is read from its start', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 20) });
  log.readAll();
  writeFileSync(log.path, requestLines(21, 25));
  assert.deepEqual(log.readAll(), ids(1, 25));
});

test('a file that is cut shorter but not empty is read from its start: what is left may be new', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  truncateSync(log.path, requestLine(1).length);
  assert.deepEqual(log.readAll(), ['1', '2', '3', '1']);
  assert.deepEqual(log.sink.rotations, ['truncated']);
});

test('a half line before the cut is rejected, not glued to what follows', async (t) => {
  const log = await followLog(t, { before: `${requestLine(1)}{"status":` });
  log.readAll();
  truncateSync(log.path);
  appendFileSync(log.path, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.deepEqual(log.sink.rejected, ['unterminated']);
});

test('the hole of NULs that a writer leaves which does not append costs no line', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  truncateSync(log.path);
  appendFileSync(log.path, Buffer.concat([Buffer.alloc(5000), Buffer.from(requestLines(4, 5))]));
  assert.deepEqual(log.readAll(), ids(1, 5));
  assert.deepEqual(log.sink.rejected, []);
});

test('a file cut while its start position was the end is read from its start', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 20), startAt: 'end' });
  log.readAll();
  truncateSync(log.path);
  appendFileSync(log.path, requestLines(21, 60));
  assert.deepEqual(log.readAll(), ids(21, 60));
});
