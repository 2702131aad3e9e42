import assert from 'node:assert/strict';
import { appendFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FollowedLog, followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

const LINGER_MS = 5000;

/** What logrotate does: the file gets another name, the next one its place. Returns the old file's new path. */
function rotate(log: FollowedLog, name = 'access.log.1'): string {
  const old = join(log.dir, name);
  renameSync(log.path, old);
  return old;
}

test('keeps reading after the file is renamed and a new one takes its place', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  rotate(log);
  writeFileSync(log.path, requestLines(4, 6));
  assert.deepEqual(log.readAll(), ids(1, 6));
  assert.deepEqual(log.sink.rotations, ['renamed']);
});

test('lines written to the old file after its rename are counted, before and after the new file appears', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const old = rotate(log);
  appendFileSync(old, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
  appendFileSync(old, requestLine(3));
  writeFileSync(log.path, requestLine(4));
  assert.deepEqual(log.readAll(), ids(1, 4), 'the old file first');
  log.clock.advance(LINGER_MS - 1);
  appendFileSync(old, requestLine(5));
  assert.deepEqual(log.readAll(), ids(1, 5));
  assert.deepEqual(log.sink.rotations, ['renamed']);
});

test('late lines keep the old file open for as long as they come', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const old = rotate(log);
  writeFileSync(log.path, requestLine(2));
  for (let id = 3; id <= 6; id += 1) {
    assert.deepEqual(log.readAll(), ids(1, id - 1));
    log.clock.advance(LINGER_MS - 1);
    appendFileSync(old, requestLine(id));
  }
  assert.deepEqual(log.readAll(), ids(1, 6));
});

test('only the first file is started at its end: the one after it is new', async (t) => {
  const log = await followLog(t, { before: requestLine(1), startAt: 'end' });
  log.readAll();
  rotate(log);
  writeFileSync(log.path, requestLines(2, 3));
  assert.deepEqual(log.readAll(), ids(2, 3));
});

test('an unread rest of the old file is read first, then the new file', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 5000), bytesPerPoll: 100_000 });
  assert.equal(log.source.poll().more, true);
  rotate(log);
  writeFileSync(log.path, requestLines(5001, 5003));
  assert.deepEqual(log.readAll(), ids(1, 5003));
});

test('two rotations while catching up lose no file', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 5000), bytesPerPoll: 100_000 });
  log.source.poll();
  rotate(log, 'access.log.2');
  writeFileSync(log.path, requestLines(5001, 5003));
  assert.equal(log.source.poll().more, true);
  rotate(log, 'access.log.1');
  writeFileSync(log.path, requestLines(5004, 5006));
  assert.deepEqual(log.readAll(), ids(1, 5006));
  assert.deepEqual(log.sink.rotations, ['renamed', 'renamed']);
});

test('more rotations than descriptors are held lose no line', async (t) => {
  const log = await followLog(t, { before: requestLine(0) });
  for (let turn = 1; turn <= 40; turn += 1) {
    log.readAll();
    rotate(log, `access.log.${turn}`);
    writeFileSync(log.path, requestLine(turn));
  }
  assert.deepEqual(log.readAll(), ids(0, 40));
});

test('a file that lost its name is let go once it was quiet, and its last half line is rejected then', async (t) => {
  const log = await followLog(t, { before: `${requestLine(1)}{"status":2` });
  log.readAll();
  const old = rotate(log);
  writeFileSync(log.path, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.deepEqual(log.sink.rejected, []);
  log.clock.advance(LINGER_MS);
  log.readAll();
  assert.deepEqual(log.sink.rejected, ['unterminated']);
  appendFileSync(old, requestLine(3));
  assert.deepEqual(log.readAll(), ids(1, 2), 'no longer read');
});

test('a renamed file with nothing in its place is followed on: the writer still has it', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const old = rotate(log);
  log.readAll();
  assert.equal(log.sink.last?.up, false);
  log.clock.advance(10 * LINGER_MS);
  log.readAll();
  appendFileSync(old, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
});

test('a file moved away and back is not read twice', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const old = rotate(log);
  log.readAll();
  renameSync(old, log.path);
  appendFileSync(log.path, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.equal(log.sink.last?.up, true);
});

test('an older file moved back over the newer one is not read twice', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const old = rotate(log);
  writeFileSync(log.path, requestLine(2));
  log.readAll();
  renameSync(old, log.path);
  appendFileSync(log.path, requestLine(3));
  assert.deepEqual(log.readAll(), ids(1, 3));
});

test('when an older file is moved back, the one it replaces is let go in its turn', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const old = rotate(log);
  writeFileSync(log.path, `${requestLine(2)}{"status":`);
  log.readAll();
  rotate(log, 'access.log.2');
  renameSync(old, log.path);
  log.readAll();
  log.clock.advance(LINGER_MS);
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.deepEqual(log.sink.rejected, ['unterminated']);
  appendFileSync(log.path, requestLine(3));
  assert.deepEqual(log.readAll(), ids(1, 3));
});

test('a symbolic link that is turned to another file counts as a rotation', async (t) => {
  const log = await followLog(t);
  const first = join(log.dir, 'first');
  const second = join(log.dir, 'second');
  writeFileSync(first, requestLine(1));
  writeFileSync(second, requestLine(2));
  symlinkSync(first, log.path);
  assert.deepEqual(log.readAll(), ['1']);
  unlinkSync(log.path);
  symlinkSync(second, log.path);
  assert.deepEqual(log.readAll(), ids(1, 2));
});
