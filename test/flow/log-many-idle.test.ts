import assert from 'node:assert/strict';
import fs, { appendFileSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { requestLine } from '../support/followed-log.ts';
import { startLogSources } from '../support/log-sources.ts';
import { tempDir } from '../support/temp-dir.ts';

const FILES = 500;
const SECONDS = 60;

/** Counts the calls into the file system from now on. */
function countCalls(t: TestContext): { calls: number } {
  const count = { calls: 0 };
  for (const name of ['statSync', 'readSync', 'fstatSync', 'openSync', 'readdirSync', 'realpathSync'] as const) {
    const original = fs[name];
    const counted = (...args: unknown[]) => {
      count.calls += 1;
      return Reflect.apply(original, fs, args);
    };
    Object.assign(fs, { [name]: Object.assign(counted, original) });
    t.after(() => {
      Object.assign(fs, { [name]: original });
      syncBuiltinESMExports();
    });
  }
  syncBuiltinESMExports();
  return count;
}

test('five hundred idle files cost less than one call into the file system a second each, and a new line is seen soon', async (t) => {
  const dir = await tempDir(t);
  for (let index = 0; index < FILES; index += 1) {
    writeFileSync(join(dir, `${index}.log`), requestLine(index));
    utimesSync(join(dir, `${index}.log`), 1e9, 1e9);
  }
  const logs = startLogSources(t);
  logs.reload({ file: join(dir, '*.log'), start_at: 'beginning' });
  await logs.until(() => assert.equal(logs.ids().length, FILES));
  for (let second = 0; second < 10; second += 1) logs.settle();
  const count = countCalls(t);
  for (let second = 0; second < SECONDS; second += 1) logs.settle();
  assert.ok(count.calls > 0);
  assert.ok(count.calls <= FILES * SECONDS, `${count.calls} calls`);
  appendFileSync(join(dir, '7.log'), requestLine('new'));
  for (let second = 0; second < 3; second += 1) logs.settle();
  assert.ok(logs.ids().includes('new'));
});
