import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

test('a log goes on after a restart where it was, whatever start_at says', async (t) => {
  for (const startAt of ['beginning', 'end'] as const) {
    const log = await followLog(t, { before: requestLine(1), startAt });
    const first = startAt === 'beginning' ? 1 : 2;
    log.readAll();
    appendFileSync(log.path, requestLine(2));
    log.restart();
    appendFileSync(log.path, requestLine(3));
    assert.deepEqual(log.readAll(), ids(first, 3));
  }
});

test('a line half-written at a restart is one line', async (t) => {
  const line = requestLine(2);
  const log = await followLog(t, { before: requestLine(1) + line.slice(0, 50) });
  log.readAll();
  log.restart();
  appendFileSync(log.path, line.slice(50));
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.equal(log.sink.bytes, requestLines(1, 2).length);
});

test('an over-long line across a restart is dropped and counted once', async (t) => {
  const log = await followLog(t, { before: requestLine(1), maxLineBytes: 1000 });
  appendFileSync(log.path, 'x'.repeat(5000));
  log.readAll();
  log.restart();
  appendFileSync(log.path, `${'x'.repeat(5000)}`);
  log.readAll();
  log.restart();
  appendFileSync(log.path, `\n${requestLine(2)}`);
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.deepEqual(log.sink.rejected, ['too_long']);
  assert.equal(log.sink.bytes, requestLines(1, 2).length + 10_001);
});

test('a log that was copied to another disk goes on where it was', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  appendFileSync(log.path, requestLine(4));
  copyFileSync(log.path, join(log.dir, 'copy'));
  rmSync(log.path);
  renameSync(join(log.dir, 'copy'), log.path);
  log.restart(saved);
  assert.deepEqual(log.readAll(), ids(1, 4));
});

test('a log that was not there when we stopped is new when we start, wherever reading was to be started', async (t) => {
  const log = await followLog(t, { startAt: 'end' });
  log.readAll();
  const saved = log.save();
  log.source.close();
  writeFileSync(log.path, requestLine(1));
  log.restart(saved);
  assert.deepEqual(log.readAll(), ['1']);
});

test('the state holds nothing of what the lines say', async (t) => {
  const secret = 'tell-nobody';
  const log = await followLog(t, { before: requestLine(1).replace('{', `{"prompt":"${secret}",`) + secret });
  log.readAll();
  const saved = log.save();
  assert.ok(!saved.includes(secret) && !saved.includes(Buffer.from(secret).toString('base64').slice(0, 12)));
  assert.ok(saved.length < 1000);
});

test('the state stays small, however often a log is rotated', async (t) => {
  const log = await followLog(t, { before: requestLine(0) });
  for (let turn = 1; turn <= 300; turn += 1) {
    log.readAll();
    renameSync(log.path, join(log.dir, 'access.log.1'));
    writeFileSync(log.path, requestLine(turn));
    log.clock.advance(10_000);
  }
  log.readAll();
  assert.ok(log.save().length < 150 * 400, `${log.save().length} bytes`);
});

test('a state that nobody can understand is as good as none', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  const state: unknown = JSON.parse(log.save());
  const text = JSON.stringify(state);
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.nat(text.length), async (junk, at) => {
      log.restart(JSON.stringify(junk));
      assert.deepEqual(log.readAll().slice(-3), ids(1, 3));
      // A state of which a part was overwritten with something else of JSON.
      const broken =
        text.slice(0, at) + text.slice(at).replace(/"[a-z]+":("[^"]*"|\d+)/, '"$&":null'.replace('$&', 'offset'));
      log.restart(isJson(broken) ? broken : '{}');
      log.readAll();
    }),
    { numRuns: 50 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
