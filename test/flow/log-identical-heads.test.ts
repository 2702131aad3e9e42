import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';
import { startLogSources } from '../support/log-sources.ts';
import { tempDir } from '../support/temp-dir.ts';

/** More than is looked at of the beginning of a file. */
const BANNER = `${'# a comment that every file begins with\n'.repeat(100)}`;

test('two logs that begin alike are told apart across restarts', async (t) => {
  const dir = await tempDir(t);
  for (const [index, name] of ['a.log', 'b.log'].entries()) {
    writeFileSync(join(dir, name), BANNER + requestLine(index + 1));
  }
  const config = { file: join(dir, '*.log'), start_at: 'beginning' as const };
  let saved: string | undefined;
  const counted: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const logs = startLogSources(t, saved === undefined ? {} : { saved });
    logs.reload(config);
    await logs.until(() => assert.equal(counted.length + logs.ids().length, 2 + 2 * turn));
    for (const [index, name] of ['a.log', 'b.log'].entries()) {
      appendFileSync(join(dir, name), requestLine(3 + 2 * turn + index));
    }
    saved = logs.save();
    counted.push(...logs.ids());
    logs.close();
  }
  assert.deepEqual(counted.sort(), ids(1, 6));
  assert.equal(readdirSync(dir).length, 2);
});

test('a new log that begins like the rotated one is new', async (t) => {
  const log = await followLog(t, { before: BANNER });
  log.readAll();
  log.clock.advance(10_000);
  renameSync(log.path, join(log.dir, 'access.log.1'));
  writeFileSync(log.path, BANNER + requestLines(1, 2));
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.equal(log.sink.bytes, 2 * BANNER.length + requestLines(1, 2).length, 'the comments of both were read');
});

test('generations that came after a log was packed are read, though the next one has its inode number', async (t) => {
  const log = await followLog(t, { before: BANNER + requestLines(1, 100) });
  log.readAll();
  const saved = log.save();
  const { ino } = statSync(log.path);
  log.source.close();
  writeFileSync(join(log.dir, 'access.log-20260901.gz'), gzipSync(readFileSync(log.path)));
  rmSync(log.path);
  writeFileSync(join(log.dir, 'access.log-20260902'), BANNER + requestLines(101, 103));
  writeFileSync(join(log.dir, 'access.log-20260903'), BANNER + requestLines(104, 106));
  writeFileSync(log.path, BANNER + requestLine(107));
  // Whether the file system gives the number again is not for us to say, so the state says it was the one.
  log.restart(saved.replace(`"ino":"${ino}"`, `"ino":"${statSync(log.path).ino}"`));
  await log.readUntil(ids(1, 107));
});

test('of the copies that were made while we were down one at most is shorter than what was read', async (t) => {
  const log = await followLog(t, { before: BANNER + requestLines(1, 100) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  // The lines up to 100 came after the copy and before the cut.
  writeFileSync(join(log.dir, 'access.log-20260901'), BANNER + requestLines(1, 90));
  truncateSync(log.path);
  for (const [name, first, last] of [
    ['access.log-20260902', 101, 103],
    ['access.log-20260903', 104, 109],
  ] as const) {
    appendFileSync(log.path, BANNER + requestLines(first, last));
    copyFileSync(log.path, join(log.dir, name));
    truncateSync(log.path);
  }
  appendFileSync(log.path, BANNER + requestLine(110));
  log.restart(saved);
  await log.readUntil(ids(1, 110));
});

test('a packed copy that is found first leaves the later ones to be read', async (t) => {
  const log = await followLog(t, { before: BANNER + requestLines(1, 100) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  writeFileSync(join(log.dir, 'access.log-20260901.gz'), gzipSync(BANNER + requestLines(1, 101)));
  truncateSync(log.path);
  writeFileSync(join(log.dir, 'access.log-20260902'), BANNER + requestLines(102, 103));
  writeFileSync(join(log.dir, 'access.log-20260903.gz'), gzipSync(BANNER + requestLines(104, 105)));
  appendFileSync(log.path, BANNER + requestLine(106));
  log.restart(saved);
  await log.readUntil(ids(1, 106));
});

test('a file with nothing but what all begin with is no reason to leave another unread', async (t) => {
  const log = await followLog(t, { before: BANNER });
  log.readAll();
  const saved = log.save();
  log.source.close();
  for (const [index, name] of ['access.log-20260901', 'access.log-20260902', 'access.log-20260903'].entries()) {
    appendFileSync(log.path, requestLine(index + 1));
    renameSync(log.path, join(log.dir, name));
    writeFileSync(log.path, BANNER);
  }
  log.restart(saved);
  await log.readUntil(ids(1, 3));
});

for (const [what, rest] of [
  ['up to the same place', ''],
  ['further', requestLines(6, 7)],
] as const) {
  test(`a log that is copied, cut and filled again ${what} with the bytes it began with loses no line`, async (t) => {
    const log = await followLog(t, { before: BANNER });
    log.readAll();
    log.clock.advance(10_000);
    log.readAll();
    const { mtimeMs } = statSync(log.dir);
    appendFileSync(log.path, requestLines(1, 5));
    copyFileSync(log.path, join(log.dir, 'access.log-20260901'));
    writeFileSync(log.path, BANNER + rest);
    // What both are stamped with may be one step of a clock.
    utimesSync(log.path, mtimeMs / 1000 + 1, mtimeMs / 1000 + 1);
    utimesSync(log.dir, mtimeMs / 1000 + 1, mtimeMs / 1000 + 1);
    utimesSync(join(log.dir, 'access.log-20260901'), Date.now() / 1000 + 20, Date.now() / 1000 + 20);
    await log.readUntil(ids(1, rest === '' ? 5 : 7));
  });
}

test('a search that had not ended goes on after a restart, whatever was read since', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  // A generation that came and went, and is still being compared when we are killed again.
  writeFileSync(join(log.dir, 'access.log-20260901.gz'), gzipSync(requestLine(2)));
  const generated = Date.now() / 1000 + 5;
  utimesSync(join(log.dir, 'access.log-20260901.gz'), generated, generated);
  appendFileSync(log.path, requestLine(3));
  utimesSync(log.path, generated + 5, generated + 5);
  log.restart(saved);
  log.clock.advance(20_000);
  log.readAll();
  const again = log.save();
  log.source.close();
  renameSync(log.path, join(log.dir, 'access.log-20260902'));
  writeFileSync(log.path, requestLine(4));
  log.restart(again);
  await log.readUntil(ids(1, 4));
});
