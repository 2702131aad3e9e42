import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
