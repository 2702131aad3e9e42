import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FollowedLog, followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

const NOBODY = 65_534;

/** Polls while the file can be seen but not opened. */
function pollUnreadable(log: FollowedLog): void {
  chmodSync(log.dir, 0o755);
  pollForbidden(log);
  assert.match(log.said.join(''), /code=EACCES/);
}

/** Polls while the path may not be read. Root may read anything, so it polls as nobody. */
function pollForbidden(log: FollowedLog): void {
  chmodSync(log.path, 0);
  const wasRoot = canOpen(log.path);
  try {
    if (wasRoot) process.seteuid?.(NOBODY);
    assert.equal(canOpen(log.path), false);
    log.readAll();
  } finally {
    if (wasRoot) process.seteuid?.(0);
    chmodSync(log.path, 0o600);
  }
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}

test('a new file that may not be read yet is read from its beginning once it may', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  renameSync(log.path, join(log.dir, 'access.log.1'));
  writeFileSync(log.path, requestLines(2, 4));
  pollForbidden(log);
  assert.equal(log.sink.last?.up, false);
  assert.match(log.said.join(''), /code=EACCES/);
  assert.deepEqual(log.readAll(), ids(1, 4));
  assert.equal(log.sink.last?.up, true);
});

test('a file whose start was to be the end is not read from its beginning when permission comes late', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3), startAt: 'end' });
  pollForbidden(log);
  assert.deepEqual(log.readAll(), []);
});

test('a file that takes the place of one that could not be read is new, wherever the first was to be started', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3), startAt: 'end' });
  pollUnreadable(log);
  renameSync(log.path, join(log.dir, 'access.log.1'));
  writeFileSync(log.path, requestLines(4, 6));
  assert.deepEqual(log.readAll(), ids(4, 6));
});

test('a file that could not be read, was removed and is made anew before anybody looked is new', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3), startAt: 'end' });
  pollUnreadable(log);
  unlinkSync(log.path);
  writeFileSync(log.path, requestLines(4, 6));
  assert.deepEqual(log.readAll(), ids(4, 6));
});

test('a file that takes the place of a folder is new, wherever reading was to be started', async (t) => {
  const log = await followLog(t, { startAt: 'end' });
  mkdirSync(log.path);
  log.readAll();
  rmdirSync(log.path);
  writeFileSync(log.path, requestLines(1, 3));
  assert.deepEqual(log.readAll(), ids(1, 3));
});

test('a folder in place of the file is told of, and the file is read when it is back', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  unlinkSync(log.path);
  mkdirSync(log.path);
  assert.deepEqual(log.readAll(), ['1']);
  assert.equal(log.sink.last?.up, false);
  assert.match(log.said.join(''), /code=ENOTFILE/);
  rmdirSync(log.path);
  writeFileSync(log.path, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
});

test('a pipe in place of the file neither stops the process nor is read', async (t) => {
  const log = await followLog(t);
  execFileSync('mkfifo', [log.path]);
  log.readAll();
  assert.equal(log.sink.last?.up, false);
  rmSync(log.path);
  writeFileSync(log.path, requestLine(1));
  assert.deepEqual(log.readAll(), ['1']);
});

test('while the file system gives an error nothing is concluded from it: the open file is read on', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const moved = join(log.dir, 'moved');
  renameSync(log.path, moved);
  symlinkSync(log.path, log.path);
  writeFileSync(moved, requestLine(2), { flag: 'a' });
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.equal(log.sink.last?.up, false);
  assert.match(log.said.join(''), /code=ELOOP/);
  assert.deepEqual(log.sink.rotations, []);
  unlinkSync(log.path);
  renameSync(moved, log.path);
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.equal(log.sink.last?.up, true);
});
