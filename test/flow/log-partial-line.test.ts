import assert from 'node:assert/strict';
import { appendFileSync, unlinkSync } from 'node:fs';
import { test } from 'node:test';
import { followLog, ids, requestLine } from '../support/followed-log.ts';

test('a half-written line is one line once its end is written', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  const line = requestLine(2);
  appendFileSync(log.path, line.slice(0, 30));
  assert.deepEqual(log.readAll(), ['1']);
  assert.equal(log.sink.lines, 1);
  appendFileSync(log.path, line.slice(30, -1));
  assert.deepEqual(log.readAll(), ['1'], 'all but the newline');
  appendFileSync(log.path, '\n');
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.deepEqual(log.sink.rejected, []);
});

test('a line that comes in byte by byte is one line', async (t) => {
  const log = await followLog(t);
  for (const byte of Buffer.from(requestLine(1))) {
    appendFileSync(log.path, Buffer.of(byte));
    log.source.poll();
  }
  assert.deepEqual(log.readAll(), ['1']);
});

test('a line longer than one read is one line', async (t) => {
  const log = await followLog(t);
  const line = requestLine(1).replace('{', `{"user_agent":"${'x'.repeat(700_000)}",`);
  appendFileSync(log.path, line + requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
});

test('a half line waits as long as the file is there, and is rejected when the file is gone for good', async (t) => {
  const log = await followLog(t, { before: `${requestLine(1)}{"status":503` });
  log.readAll();
  log.clock.advance(3_600_000);
  log.readAll();
  assert.deepEqual(log.sink.rejected, []);
  unlinkSync(log.path);
  log.readAll();
  log.clock.advance(5000);
  log.readAll();
  assert.deepEqual(log.sink.rejected, ['unterminated']);
  assert.equal(log.sink.lines, 2);
});

test('closing the source counts no half line: the next start reads it whole', async (t) => {
  const log = await followLog(t, { before: `${requestLine(1)}{"status":503` });
  log.readAll();
  log.source.close();
  assert.equal(log.sink.lines, 1);
  log.sink.assertBalanced();
});
