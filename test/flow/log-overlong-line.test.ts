import assert from 'node:assert/strict';
import { appendFileSync, truncateSync } from 'node:fs';
import { test } from 'node:test';
import { type FollowedLog, followLog, ids, requestLine } from '../support/followed-log.ts';

const MAX_LINE_BYTES = 1024 * 1024;

/** Reads to the end and returns the most memory that a line took on the way. */
function mostHeldBytes(log: FollowedLog): number {
  let most = 0;
  for (let result = log.source.poll(); result.bytesRead > 0; result = log.source.poll()) {
    most = Math.max(most, result.heldBytes);
  }
  return most;
}

test('a line of 50 MB is dropped and counted once, in bounded memory, and the next line is read', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  for (let part = 0; part < 50; part += 1) appendFileSync(log.path, 'x'.repeat(1_000_000));
  appendFileSync(log.path, `\n${requestLine(2)}`);
  assert.ok(mostHeldBytes(log) <= MAX_LINE_BYTES);
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.deepEqual(log.sink.rejected, ['too_long']);
});

test('an over-long line that goes on and on holds no memory and is no line yet', async (t) => {
  const log = await followLog(t);
  for (let part = 0; part < 3; part += 1) {
    appendFileSync(log.path, 'x'.repeat(2 * MAX_LINE_BYTES));
    log.readAll();
    assert.equal(log.source.poll().heldBytes, 0);
  }
  assert.equal(log.sink.lines, 0);
  truncateSync(log.path);
  appendFileSync(log.path, requestLine(1));
  assert.deepEqual(log.readAll(), ['1']);
  assert.deepEqual(log.sink.rejected, ['too_long'], 'the cut ended it');
});

test('the limit counts the bytes of the line: at the limit it is read, one above it is not', async (t) => {
  const line = requestLine(1);
  const maxLineBytes = line.length - 1;
  const log = await followLog(t, { before: line + requestLine(22) + requestLine(3), maxLineBytes });
  assert.deepEqual(log.readAll(), ['1', '3']);
  assert.deepEqual(log.sink.rejected, ['too_long']);
});
