import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';
import { startLogSources } from '../support/log-sources.ts';
import { tempDir } from '../support/temp-dir.ts';

test('a log behind two links is followed across its rotation, and across that of its folder', async (t) => {
  const log = await followLog(t);
  for (const version of ['v1', 'v2']) mkdirSync(join(log.dir, version));
  writeFileSync(join(log.dir, 'v1', 'access.log'), requestLine(1));
  writeFileSync(join(log.dir, 'v2', 'access.log'), requestLine(3));
  symlinkSync('v1', join(log.dir, '..data'));
  symlinkSync('..data/access.log', log.path);
  assert.deepEqual(log.readAll(), ['1']);
  appendFileSync(join(log.dir, 'v1', 'access.log'), requestLine(2));
  symlinkSync('v2', join(log.dir, '..data_tmp'));
  renameSync(join(log.dir, '..data_tmp'), join(log.dir, '..data'));
  assert.deepEqual(log.readAll(), ids(1, 3));
});

test('a log behind a link has its rotated files where it leads to', async (t) => {
  const log = await followLog(t);
  const pods = join(log.dir, 'pods');
  mkdirSync(pods);
  writeFileSync(join(pods, '0.log'), requestLine(1));
  symlinkSync(join(pods, '0.log'), log.path);
  log.readAll();
  const saved = log.save();
  log.source.close();
  appendFileSync(join(pods, '0.log'), requestLine(2));
  renameSync(join(pods, '0.log'), join(pods, '0.log.20260902-123456'));
  writeFileSync(join(pods, '0.log'), requestLine(3));
  log.restart(saved);
  assert.deepEqual(log.readAll(), ids(1, 3));
});

test('one file under two paths, by link or by hard link, is counted once, and goes on under the other when the first is left', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'access.log');
  const link = join(dir, 'link.log');
  writeFileSync(file, requestLines(1, 2));
  symlinkSync(file, link);
  const logs = startLogSources(t);
  logs.reload({ file, start_at: 'beginning' }, { file: link, start_at: 'beginning' });
  logs.settle();
  assert.deepEqual(logs.ids(), ids(1, 2));
  assert.match(logs.said.join(''), /read already under another name/);
  logs.reload({ file: link, start_at: 'beginning' });
  appendFileSync(file, requestLine(3));
  logs.settle();
  assert.deepEqual(logs.ids(), ids(1, 3));
  unlinkSync(link);
});

test('a log that is linked to a stream is told what to do instead', async (t) => {
  const log = await followLog(t);
  symlinkSync('/dev/zero', log.path);
  log.readAll();
  assert.equal(log.sink.last?.up, false);
  assert.match(log.said.join(''), /stream such as \/dev\/stdout.*type="character device"/);
});
