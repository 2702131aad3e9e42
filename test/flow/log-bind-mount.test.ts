import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountPlaces } from '../../src/input/log/mounts.ts';
import { followLog, ids, requestLine } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

const WARNING = /mounted by itself: its rotation cannot be seen, mount its folder instead/;

test('a log that is mounted by itself is read, and told of once', async (t) => {
  const path = join(await tempDir(t), 'with space.log');
  writeFileSync(path, requestLine(1));
  const info = `36 35 98:0 /log ${path.replaceAll(' ', '\\040')} rw,noatime shared:1 - ext4 /dev/root rw\n`;
  const log = await followLog(t, { path, mounts: mountPlaces(info) });
  for (let turn = 0; turn < 3; turn += 1) assert.deepEqual(log.readAll(), ids(1, 1));
  assert.equal(log.said.filter((line) => WARNING.test(line)).length, 1);
});

test('a log in a folder that is mounted is nothing to be told of', async (t) => {
  const dir = await tempDir(t);
  const path = join(dir, 'access.log');
  writeFileSync(path, requestLine(1));
  const log = await followLog(t, { path, mounts: mountPlaces(`36 35 98:0 /log ${dir} rw - ext4 /dev/root rw\n`) });
  log.readAll();
  assert.doesNotMatch(log.said.join(''), WARNING);
});

test('the kernel tells of a real mount of a file', async (t) => {
  const dir = await tempDir(t);
  const [from, to] = [join(dir, 'from.log'), join(dir, 'to.log')];
  writeFileSync(from, '');
  writeFileSync(to, '');
  const script = `mount --bind "${from}" "${to}" && cat /proc/self/mountinfo`;
  const { status, stdout } = spawnSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8' });
  if (status !== 0) return t.skip('needs the right to mount');
  assert.ok(mountPlaces(stdout).has(to));
  assert.ok(!mountPlaces(stdout).has(from));
});
