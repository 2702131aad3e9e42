import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createLock } from '../../../src/state/lock.ts';
import { tempDir } from '../../support/temp-dir.ts';

async function lockFile(t: TestContext): Promise<string> {
  return join(await tempDir(t), 'lock');
}

function lockOn(t: TestContext, path: string) {
  const lock = createLock(path);
  t.after(() => lock.release());
  return lock;
}

/** Another process that takes the lock, says how that went, and waits. */
function lockElsewhere(t: TestContext, path: string) {
  const script = `
    const { createLock } = await import('./src/state/lock.ts');
    const lock = createLock(process.argv[1]);
    console.log(await lock.take());
    setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, path], { stdio: 'pipe' });
  const exit = once(child, 'exit');
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const said = once(child.stdout, 'data').then(([chunk]) => String(chunk).trim());
  return { child, exit, said, stderr: () => stderr };
}

describe('the lock', () => {
  test('is held by one at a time, and free when it is released', async (t) => {
    const path = await lockFile(t);
    const [first, second] = [lockOn(t, path), lockOn(t, path)];
    assert.deepEqual([await first.take(), await second.take()], ['held', 'busy']);
    assert.deepEqual([await first.take(), await second.take()], ['held', 'busy']);
    first.release();
    assert.deepEqual([await second.take(), await first.take()], ['held', 'busy']);
  });

  test('holds between processes, and ends with a process that is killed', async (t) => {
    const path = await lockFile(t);
    const other = lockElsewhere(t, path);
    assert.equal(await other.said, 'held');
    const ours = lockOn(t, path);
    assert.equal(await ours.take(), 'busy');
    other.child.kill('SIGKILL');
    await other.exit;
    assert.equal(await ours.take(), 'held');
    assert.equal(await lockElsewhere(t, path).said, 'busy');
    assert.equal(other.stderr(), '', 'the runtime warns of nothing');
  });

  test('is taken anew when its file was removed, unless another was faster', async (t) => {
    const path = await lockFile(t);
    const [first, second] = [lockOn(t, path), lockOn(t, path)];
    assert.equal(await first.take(), 'held');
    await rm(path);
    assert.equal(await second.take(), 'held');
    assert.equal(await first.take(), 'busy');
    second.release();
    assert.equal(await first.take(), 'held');
  });

  test('leaves one empty file that only we may read', async (t) => {
    const path = await lockFile(t);
    assert.equal(await lockOn(t, path).take(), 'held');
    assert.deepEqual(await readdir(join(path, '..')), ['lock']);
    const { size, mode } = await stat(path);
    assert.deepEqual([size, mode & 0o777], [0, 0o600]);
  });

  test('is unavailable where something else has its name, or no folder is', async (t) => {
    const path = await lockFile(t);
    assert.equal(await lockOn(t, join(path, 'nowhere', 'lock')).take(), 'unavailable');
    await mkdir(path);
    assert.equal(await lockOn(t, path).take(), 'unavailable');
    await rm(path, { recursive: true });
    await writeFile(path, 'x'.repeat(4096));
    assert.equal(await lockOn(t, path).take(), 'unavailable');
  });
});
