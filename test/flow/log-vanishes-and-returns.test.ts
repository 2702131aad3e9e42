import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

test('a log that does not exist yet is waited for and read from its beginning', async (t) => {
  const log = await followLog(t, { startAt: 'end' });
  log.readAll();
  assert.deepEqual(log.sink.last, { up: false, lagBytes: 0 });
  writeFileSync(log.path, requestLines(1, 3));
  assert.deepEqual(log.readAll(), ids(1, 3));
  assert.deepEqual(log.sink.last, { up: true, lagBytes: 0 });
});

test('a log that is removed and comes back is read from its beginning', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3), startAt: 'end' });
  log.readAll();
  unlinkSync(log.path);
  log.readAll();
  assert.equal(log.sink.last?.up, false);
  log.clock.advance(60_000);
  log.readAll();
  writeFileSync(log.path, requestLines(4, 6));
  assert.deepEqual(log.readAll(), ids(4, 6));
  assert.equal(log.sink.last?.up, true);
  assert.deepEqual(log.sink.rotations, ['removed']);
});

test('a log that is removed and back before anybody looked is read from its beginning', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  unlinkSync(log.path);
  writeFileSync(log.path, requestLines(4, 6));
  assert.deepEqual(log.readAll(), ids(1, 6));
  assert.deepEqual(log.sink.rotations, ['removed']);
});

test('the unread rest of a removed log is read', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 5000), bytesPerPoll: 100_000 });
  log.source.poll();
  unlinkSync(log.path);
  assert.deepEqual(log.readAll(), ids(1, 5000));
});

test('the folder may vanish and return too', async (t) => {
  const log = await followLog(t);
  const path = join(log.dir, 'nginx', 'access.log');
  const nested = await followLog(t, { path });
  nested.readAll();
  for (const from of [1, 4]) {
    mkdirSync(dirname(path));
    writeFileSync(path, requestLines(from, from + 2));
    nested.readAll();
    rmSync(dirname(path), { recursive: true });
    nested.readAll();
  }
  assert.deepEqual(nested.sink.ids(), ids(1, 6));
});

test('a missing log is told of once, and its return too', async (t) => {
  const log = await followLog(t);
  for (let turn = 0; turn < 100; turn += 1) log.source.poll();
  assert.equal(log.said.filter((line) => line.includes('cannot be read')).length, 1);
  assert.match(log.said.join(''), /code=ENOENT/);
  appendFileSync(log.path, requestLine(1));
  log.readAll();
  assert.equal(log.said.filter((line) => line.includes('can be read again')).length, 1);
});
