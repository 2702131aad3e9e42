import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type FollowedLog, followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

/** Reads all that is there, and ends: what follows happens while nobody looks. Returns the state. */
function stopAfterReading(log: FollowedLog): string {
  log.readAll();
  const saved = log.save();
  log.source.close();
  return saved;
}

/** As gzip does it: the packed file has the time of the plain one, which is gone. */
function pack(path: string): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  utimesSync(`${path}.gz`, atime, mtime);
  rmSync(path);
}

const ROTATED_NAMES = [
  'access.log.1',
  'access.log-20260902',
  'access.log.20260902-123456',
  'access-20260902.log',
  'access-2026-09-02T00-31-44.000.log',
  'access.log.old',
];

for (const name of ROTATED_NAMES) {
  test(`the rest of a log that became ${name} while we were down is read, then the new log`, async (t) => {
    const log = await followLog(t, { before: requestLines(1, 3) });
    const saved = stopAfterReading(log);
    appendFileSync(log.path, requestLines(4, 5));
    renameSync(log.path, join(log.dir, name));
    writeFileSync(log.path, requestLine(6));
    log.restart(saved);
    assert.deepEqual(log.readAll(), ids(1, 6));
  });

  test(`the rest of a log that became ${name}.gz while we were down is read`, async (t) => {
    const log = await followLog(t, { before: requestLines(1, 300) });
    const saved = stopAfterReading(log);
    appendFileSync(log.path, requestLines(301, 400));
    renameSync(log.path, join(log.dir, name));
    pack(join(log.dir, name));
    writeFileSync(log.path, requestLine(401));
    log.restart(saved);
    await log.readUntil(ids(1, 401));
    assert.deepEqual(log.sink.rejected, []);
  });
}

test('generations that came and went while we were down are read, each once, oldest first', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  const saved = stopAfterReading(log);
  appendFileSync(log.path, requestLine(2));
  for (let id = 3; id <= 6; id += 1) {
    for (let number = 9; number >= 1; number -= 1) {
      const from = join(log.dir, `access.log.${number}`);
      if (statSync(from, { throwIfNoEntry: false })) renameSync(from, join(log.dir, `access.log.${number + 1}`));
    }
    renameSync(log.path, join(log.dir, 'access.log.1'));
    writeFileSync(log.path, requestLine(id));
  }
  log.restart(saved);
  assert.deepEqual(log.readAll().sort(), ids(1, 6));
  log.restart();
  assert.deepEqual(log.readAll().sort(), ids(1, 6), 'nothing comes again');
});

test('a hundred generations are read, more than are held open in a run', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  const saved = stopAfterReading(log);
  for (let id = 2; id <= 100; id += 1) {
    renameSync(log.path, join(log.dir, `access.log.${String(1000 - id)}`));
    writeFileSync(log.path, requestLine(id));
  }
  log.restart(saved);
  assert.deepEqual(
    log.readAll().sort((a, b) => Number(a) - Number(b)),
    ids(1, 100),
  );
});

test('a rotated log that was removed while we were down does not keep the next one from being read whole', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  const saved = stopAfterReading(log);
  rmSync(log.path);
  writeFileSync(log.path, requestLines(4, 9));
  log.restart(saved);
  assert.deepEqual(log.readAll(), ids(1, 9));
});

test('a log that was copied and cut while we were down is read on in the copy', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  const saved = stopAfterReading(log);
  appendFileSync(log.path, requestLines(4, 5));
  copyFileSync(log.path, join(log.dir, 'access.log.1'));
  writeFileSync(log.path, requestLines(6, 20));
  log.restart(saved);
  assert.deepEqual(log.readAll(), ids(1, 20));
});

test('what lay beside the log before it was first followed is never read', async (t) => {
  const log = await followLog(t);
  for (const name of ['access.log.1', 'access.log.2', 'access-20260901.log']) {
    writeFileSync(join(log.dir, name), requestLine(99));
    utimesSync(join(log.dir, name), 1e9, 1e9);
  }
  writeFileSync(join(log.dir, 'access.log.3.gz'), gzipSync(requestLine(98)));
  utimesSync(join(log.dir, 'access.log.3.gz'), 1e9, 1e9);
  writeFileSync(log.path, requestLine(1));
  const saved = stopAfterReading(log);
  renameSync(log.path, join(log.dir, 'access.log.4'));
  writeFileSync(log.path, requestLine(2));
  log.restart(saved);
  await log.readUntil(ids(1, 2));
});

test('the log of another worker is no rotated log', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  const saved = stopAfterReading(log);
  writeFileSync(join(log.dir, 'access-2.log'), requestLine(99));
  writeFileSync(join(log.dir, 'access.log.copy'), requestLine(98));
  renameSync(log.path, join(log.dir, 'access.log.1'));
  writeFileSync(log.path, requestLine(2));
  log.restart(saved);
  assert.deepEqual(log.readAll(), ids(1, 2));
});

test('a file that turns up while we run, between two looks, is found beside the log', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  renameSync(log.path, join(log.dir, 'access.log.2'));
  writeFileSync(join(log.dir, 'access.log.1'), requestLine(2));
  writeFileSync(log.path, requestLine(3));
  assert.deepEqual(log.readAll().sort(), ids(1, 3));
});
