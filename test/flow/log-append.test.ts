import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../support/eventually.ts';
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

test('a started source goes on by itself', async (t) => {
  const log = await followLog(t, { before: requestLine(1), clock: systemClock, pollIntervalMs: 5 });
  log.source.start();
  appendFileSync(log.path, requestLine(2));
  await eventually(() => assert.deepEqual(log.sink.ids(), ids(1, 2)));
});

test('a started source looks again after each interval, until it is closed', async (t) => {
  const log = await followLog(t, { before: requestLine(1), pollIntervalMs: 250 });
  log.source.start();
  appendFileSync(log.path, requestLine(2));
  log.clock.advance(249);
  assert.deepEqual(log.sink.ids(), ['1']);
  log.clock.advance(1);
  assert.deepEqual(log.sink.ids(), ids(1, 2));
  log.source.close();
  appendFileSync(log.path, requestLine(3));
  log.clock.advance(10_000);
  assert.deepEqual(log.sink.ids(), ids(1, 2));
});

test('closing a source that is catching up stops it', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 20_000), bytesPerTick: 1 });
  log.source.start();
  log.source.close();
  const { bytes } = log.sink;
  await nextTurn();
  assert.equal(log.sink.bytes, bytes);
});

test('catching up is cut into bounded steps, and other work gets its turn between them', async (t) => {
  const before = requestLines(1, 20_000);
  const bytesPerTick = 64 * 1024;
  const log = await followLog(t, { before, bytesPerTick });
  log.source.start();
  let turns = 0;
  let largestStep = log.sink.bytes;
  for (let seen = 0; log.sink.bytes < before.length; turns += 1) {
    seen = log.sink.bytes;
    await nextTurn();
    largestStep = Math.max(largestStep, log.sink.bytes - seen);
    assert.ok(turns < 1000, 'never catches up');
  }
  // The manual clock stands still: only "more at once" can have driven it here.
  assert.deepEqual(log.sink.ids(), ids(1, 20_000));
  assert.ok(largestStep <= bytesPerTick + 256 * 1024, `${largestStep} bytes in one step`);
  assert.ok(turns >= Math.floor(before.length / (bytesPerTick + 256 * 1024)), `${turns} turns`);
});

test('lag is what is written and not read yet', async (t) => {
  const before = requestLines(1, 20_000);
  const log = await followLog(t, { before, bytesPerTick: 1 });
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
