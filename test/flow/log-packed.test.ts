import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Descriptor } from '../../src/input/log/follow/descriptor.ts';
import { matchPacked } from '../../src/input/log/packed/packed-match.ts';
import { Positions } from '../../src/input/log/positions/positions.ts';
import { eventually } from '../support/eventually.ts';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A packed log, followed as such. */
async function followPacked(t: TestContext, content: Buffer) {
  const path = join(await tempDir(t), 'access.log.gz');
  writeFileSync(path, content);
  return followLog(t, { path });
}

/** A log that was rotated and packed while nobody looked; `packed` is what lies there of the packed file. */
async function followRotated(t: TestContext, packed: (whole: Buffer) => Buffer) {
  const log = await followLog(t, { before: requestLines(1, 100) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  rmSync(log.path);
  const whole = gzipSync(requestLines(1, 3000));
  writeFileSync(join(log.dir, 'access.log.1.gz'), packed(whole));
  writeFileSync(log.path, requestLine(3001));
  log.restart(saved);
  return { log, whole, path: join(log.dir, 'access.log.1.gz') };
}

test('a packed file that is followed itself is read once as a whole', async (t) => {
  // More than is unpacked at once.
  const log = await followPacked(t, gzipSync(requestLines(1, 1000)));
  await log.readUntil(ids(1, 1000));
  await eventually(() => {
    log.readAll();
    assert.equal(log.sink.files, 0);
  });
  assert.deepEqual(log.sink.last, { up: true, lagBytes: 0 });
  log.restart();
  log.readAll();
  assert.equal(log.sink.files, 0, 'not even opened again');
});

test('parts that were packed one by one are read, and one that is added later too', async (t) => {
  const log = await followPacked(t, Buffer.concat([gzipSync(requestLines(1, 50)), gzipSync(requestLines(51, 90))]));
  await log.readUntil(ids(1, 90));
  appendFileSync(log.path, gzipSync(requestLines(91, 99)));
  await log.readUntil(ids(1, 99));
  assert.equal(log.sink.bytes, requestLines(1, 99).length);
});

test('a restart in the midst of a packed file goes on where it was', async (t) => {
  const path = join(await tempDir(t), 'access.log.gz');
  writeFileSync(path, gzipSync(requestLines(1, 5000)));
  const log = await followLog(t, { path, bytesPerPoll: 10_000 });
  await eventually(() => assert.ok(log.source.poll().bytesRead > 0));
  for (let turn = 0; turn < 5; turn += 1) {
    log.restart();
    const before = log.sink.lines;
    await eventually(() => {
      log.source.poll();
      assert.ok(log.sink.lines > before);
    });
  }
  await log.readUntil(ids(1, 5000));
});

test('a packed file that is still being written is read to where it is, and on when the rest is there', async (t) => {
  const { log, whole, path } = await followRotated(t, (bytes) => bytes.subarray(0, bytes.length / 2));
  await eventually(() => {
    log.readAll();
    assert.ok(log.sink.events.length > 101);
  });
  appendFileSync(path, whole.subarray(whole.length / 2));
  await log.readUntil(ids(1, 3001));
  assert.deepEqual(log.sink.rejected, []);
});

test('a packed file that is complete only after a restart is counted once', async (t) => {
  const { log, whole, path } = await followRotated(t, (bytes) => bytes.subarray(0, 100));
  log.readAll();
  log.restart();
  writeFileSync(path, whole);
  await log.readUntil(ids(1, 3001));
});

test('a packed file that nobody completes is given up, with what could be read of it', async (t) => {
  const { log } = await followRotated(t, (bytes) => bytes.subarray(0, -1000));
  await eventually(() => {
    log.readAll();
    assert.ok(log.sink.events.length > 1000);
  });
  await eventually(() => {
    log.clock.advance(61_000);
    log.readAll();
    assert.equal(log.sink.files, 1);
  });
  log.sink.assertBalanced();
});

test('a file that only looks packed is told of and left alone', async (t) => {
  const log = await followPacked(t, Buffer.from(requestLines(1, 3)));
  await eventually(() => {
    log.readAll();
    assert.match(log.said.join(''), /cannot be unpacked.*code=Z_DATA_ERROR/);
  });
  for (let turn = 0; turn < 10; turn += 1) log.readAll();
  assert.equal(log.said.filter((line) => line.includes('cannot be unpacked')).length, 1);
  assert.deepEqual(log.readAll(), []);
});

test('while gzip is at work the plain file is read and the packed one is not', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 100) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  appendFileSync(log.path, requestLines(101, 200));
  renameSync(log.path, join(log.dir, 'access.log.1'));
  writeFileSync(join(log.dir, 'access.log.1.gz'), gzipSync(requestLines(1, 200)).subarray(0, 50));
  writeFileSync(log.path, requestLine(201));
  log.restart(saved);
  assert.deepEqual(log.readAll(), ids(1, 201));
  writeFileSync(join(log.dir, 'access.log.1.gz'), gzipSync(requestLines(1, 200)));
  rmSync(join(log.dir, 'access.log.1'));
  log.clock.advance(10_000);
  log.readAll();
  renameSync(log.path, join(log.dir, 'access.log.0'));
  writeFileSync(log.path, requestLine(202));
  await log.readUntil(ids(1, 202));
  assert.deepEqual(log.readAll(), ids(1, 202));
});

test('a packed file is told apart from a log that was cut while it was compared', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  const packed = join(log.dir, 'access.log-20260901.gz');
  writeFileSync(packed, gzipSync(requestLines(4, 5)));
  log.restart(saved);
  log.source.open();
  truncateSync(log.path);
  appendFileSync(log.path, requestLine(6));
  // Compared three times over, one after the other, by when the log's own comparison has ended most likely: it must not matter.
  for (let turn = 0; turn < 3; turn += 1) await matchedAs(packed);
  await log.readUntil(ids(1, 6));
});

test('a file that was waiting to be read and was packed by the time we looked again is read', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 100), bytesPerPoll: 1000 });
  log.source.poll();
  renameSync(log.path, join(log.dir, 'access.log-20260901'));
  writeFileSync(log.path, requestLines(101, 103));
  utimesSync(log.path, 1_700_000_000, 1_700_000_000);
  log.source.poll();
  log.clock.advance(60_000);
  log.source.poll();
  const saved = log.save();
  log.source.close();
  writeFileSync(join(log.dir, 'access.log-20260902.gz'), gzipSync(readFileSync(log.path)));
  utimesSync(join(log.dir, 'access.log-20260902.gz'), 1_700_000_000, 1_700_000_000);
  rmSync(log.path);
  writeFileSync(log.path, requestLine(104));
  log.restart(saved);
  await log.readUntil(ids(1, 104));
});

/** What a packed file turns out to be where nothing is known. */
async function matchedAs(path: string) {
  const descriptor = new Descriptor(path);
  const match = await matchPacked(descriptor, new Positions({ clock: createManualClock() }).log(path), undefined);
  descriptor.close();
  return match.kind;
}
