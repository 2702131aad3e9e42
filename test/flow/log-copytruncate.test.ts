import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import { type FollowedLog, followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';
import { startLogSources } from '../support/log-sources.ts';
import { tempDir } from '../support/temp-dir.ts';

function copyAndCut(log: FollowedLog, name = 'access.log.1'): void {
  copyFileSync(log.path, join(log.dir, name));
  truncateSync(log.path);
}

test('lines written between our last look and the copy are read from the copy, before the new ones', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  appendFileSync(log.path, requestLines(4, 5));
  copyAndCut(log);
  appendFileSync(log.path, requestLines(6, 60));
  assert.deepEqual(log.readAll(), ids(1, 60));
  assert.deepEqual(log.sink.rotations, ['truncated']);
});

test('a half line before the cut is finished in the copy', async (t) => {
  const line = requestLine(2);
  const log = await followLog(t, { before: requestLine(1) + line.slice(0, 150) });
  log.readAll();
  appendFileSync(log.path, line.slice(150));
  copyAndCut(log);
  appendFileSync(log.path, requestLine(3));
  assert.deepEqual(log.readAll(), ids(1, 3));
  assert.deepEqual(log.sink.rejected, []);
});

test('a copy that was packed at once is read too', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 30) });
  log.readAll();
  appendFileSync(log.path, requestLines(31, 50));
  writeFileSync(join(log.dir, 'access.log.1.gz'), gzipSync(readFileSync(log.path)));
  truncateSync(log.path);
  appendFileSync(log.path, requestLine(51));
  await log.readUntil(ids(1, 51));
});

for (const isPacked of [false, true]) {
  test(`a ${isPacked ? 'packed ' : ''}copy that was made before the last lines we read is not counted again`, async (t) => {
    const log = await followLog(t, { before: requestLines(1, 30) });
    log.readAll();
    const copy = readFileSync(log.path);
    appendFileSync(log.path, requestLine(31));
    log.readAll();
    writeFileSync(join(log.dir, `access.log.1${isPacked ? '.gz' : ''}`), isPacked ? gzipSync(copy) : copy);
    truncateSync(log.path);
    appendFileSync(log.path, requestLine(32));
    await log.readUntil(ids(1, 32));
    await eventually(() => {
      log.readAll();
      assert.ok(Number(log.sink.files) <= 1 || !isPacked);
    });
    assert.deepEqual(log.readAll(), ids(1, 32));
  });
}

test('a cut of a log of which nothing was read yet is seen, and its copy is read whole', async (t) => {
  const log = await followLog(t, { before: '' });
  log.readAll();
  appendFileSync(log.path, requestLines(1, 2));
  copyAndCut(log);
  assert.deepEqual(log.readAll(), ids(1, 2));
});

test('without a copy the log is read from its new start, and the older copies are left alone', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  copyAndCut(log);
  appendFileSync(log.path, requestLine(4));
  log.readAll();
  log.clock.advance(10_000);
  log.readAll();
  truncateSync(log.path);
  appendFileSync(log.path, requestLines(5, 9));
  assert.deepEqual(log.readAll(), ids(1, 9));
});

test('a copy that a pattern finds before the log is cut is not counted beside the log', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'access.log');
  writeFileSync(file, requestLines(1, 20));
  const logs = startLogSources(t);
  logs.reload({ file: `${file}*`, start_at: 'beginning' });
  await logs.until(() => assert.deepEqual(logs.ids(), ids(1, 20)));
  // Half of the copy is there, then all of it, then the log is cut: at each of these the pattern is searched.
  writeFileSync(`${file}.1`, readFileSync(file).subarray(0, 2500));
  appendFileSync(file, requestLine(21));
  await settleSearches(logs);
  copyFileSync(file, `${file}.1`);
  await settleSearches(logs);
  appendFileSync(file, requestLine(22));
  await settleSearches(logs);
  truncateSync(file);
  appendFileSync(file, requestLine(23));
  await logs.until(() => assert.ok(logs.ids().includes('23')));
  await settleSearches(logs);
  // Line 22 was written after the copy was made.
  assert.deepEqual(logs.ids(), ids(1, 23));
  rmSync(`${file}.1`);
});

/** Long enough for some searches of the patterns, told by how often files are looked at. */
async function settleSearches(logs: { settle(): void }): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    logs.settle();
    await new Promise<void>((done) => setImmediate(done));
  }
}
