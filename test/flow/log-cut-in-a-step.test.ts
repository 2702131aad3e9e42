import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FollowedLog, followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

/** Does something in the midst of a step: when the log says this for the first time. */
function when(log: FollowedLog, message: string, act: () => void): void {
  const { said } = log;
  let isDone = false;
  said.push = (...lines) => {
    if (!isDone && lines.some((line) => line.includes(message))) {
      isDone = true;
      act();
    }
    for (const line of lines) said[said.length] = line;
    return said.length;
  };
}

test('a log that is written, copied, cut and written after it was opened and before it is read loses nothing', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  log.readAll();
  renameSync(log.path, join(log.dir, 'access.log-20260901'));
  // Found by the search, by which time the folder has been listed.
  writeFileSync(join(log.dir, 'access.log-20260902'), requestLine(2));
  writeFileSync(log.path, '');
  when(log, 'rotated log file opened', () => {
    appendFileSync(log.path, requestLines(3, 5));
    copyFileSync(log.path, join(log.dir, 'access.log-20260903'));
    truncateSync(log.path);
    appendFileSync(log.path, requestLines(6, 20));
  });
  log.readAll();
  await log.readUntil(ids(1, 20));
});

test('generations beside a log that is cut while they are looked at are read all the same', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  const missed = join(log.dir, 'access.log-20260901');
  writeFileSync(missed, requestLines(4, 5));
  const recent = Date.now() / 1000 + 60;
  utimesSync(log.path, recent + 60, recent + 60);
  utimesSync(missed, recent, recent);
  log.restart(saved);
  when(log, 'log file opened', () => {
    copyFileSync(log.path, join(log.dir, 'access.log-20260902'));
    utimesSync(join(log.dir, 'access.log-20260902'), recent + 60, recent + 60);
    truncateSync(log.path);
    appendFileSync(log.path, requestLine(6));
  });
  await log.readUntil(ids(1, 6));
  assert.deepEqual(log.sink.rotations, ['truncated']);
});
