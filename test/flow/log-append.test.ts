import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

test('a followed log gives one event for each line that is appended', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  assert.deepEqual(log.readAll(), ids(1, 3));
  appendFileSync(log.path, requestLines(4, 5));
  assert.deepEqual(log.readAll(), ids(1, 5));
  assert.equal(log.sink.bytes, Buffer.byteLength(requestLines(1, 5)));
  assert.deepEqual(log.sink.last, { up: true, lagBytes: 0 });
});

test('starting at the end passes over what is there and reads what comes', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3), startAt: 'end' });
  assert.deepEqual(log.readAll(), []);
  appendFileSync(log.path, requestLines(4, 5));
  assert.deepEqual(log.readAll(), ids(4, 5));
});

test('starting at the end of a half-written line counts that line when it is complete', async (t) => {
  const line = requestLine(2);
  const log = await followLog(t, { before: requestLine(1) + line.slice(0, 40), startAt: 'end' });
  assert.deepEqual(log.readAll(), []);
  appendFileSync(log.path, line.slice(40));
  assert.deepEqual(log.readAll(), ['2']);
  assert.deepEqual(log.sink.rejected, []);
});

test('a source that was opened counts what is written after that, and reads nothing before its first poll', async (t) => {
  const log = await followLog(t, { before: requestLine(1), startAt: 'end' });
  log.source.open();
  appendFileSync(log.path, requestLine(2));
  assert.deepEqual(log.sink.ids(), []);
  assert.deepEqual(log.readAll(), ['2']);
});

test('one poll reads no more than it may', async (t) => {
  const before = requestLines(1, 2000);
  const bytesPerPoll = 10_000;
  const log = await followLog(t, { before, bytesPerPoll });
  let read = 0;
  for (let bytes = 1; bytes > 0; read += bytes) {
    bytes = log.source.poll().bytesRead;
    assert.ok(bytes <= bytesPerPoll);
    assert.equal(log.sink.bytes, before.lastIndexOf('\n', read + bytes - 1) + 1, 'told up to the last whole line');
  }
  assert.deepEqual(log.readAll(), ids(1, 2000));
});

test('lag is what is written and not read yet', async (t) => {
  const before = requestLines(1, 20_000);
  const log = await followLog(t, { before, bytesPerPoll: 1000 });
  const { bytesRead, lagBytes, more } = log.source.poll();
  assert.equal(more, true);
  assert.equal(bytesRead + lagBytes, before.length);
  log.readAll();
  assert.deepEqual(log.sink.last, { up: true, lagBytes: 0 });
});

test('a line ending in CRLF is the same line', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3).replaceAll('\n', '\r\n') });
  assert.deepEqual(log.readAll(), ids(1, 3));
  assert.deepEqual(log.sink.rejected, []);
});
