import assert from 'node:assert/strict';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog } from '../../../src/log.ts';
import { createFolder } from '../../../src/state/folder.ts';
import { tempDir } from '../../support/temp-dir.ts';

const log = createLog({ write: (line) => assert.fail(line) });

test('a folder is made with those above it, for its owner alone, and used again', async (t) => {
  const base = await tempDir(t);
  const dir = join(base, 'a', 'b', 'c');
  for (let run = 0; run < 2; run += 1) {
    const folder = createFolder(dir, log);
    await folder.prepare();
    await folder.prepare();
    folder.release();
  }
  for (const path of [dir, join(base, 'a')]) assert.equal((await stat(path)).mode & 0o777, 0o700);
});

test('two that make the same folders at once both get them', async (t) => {
  const base = await tempDir(t);
  const folders = ['x', 'y'].map((name) => createFolder(join(base, 'a', 'b', name), log));
  await Promise.all(folders.map((folder) => folder.prepare()));
  for (const folder of folders) folder.release();
});

test('a folder that cannot be made is an error at once, also where the system says of one that is there that it is not', async (t) => {
  const base = await tempDir(t);
  await writeFile(join(base, 'file'), '');
  await mkdir(join(base, 'dir'));
  await assert.rejects(createFolder(join(base, 'file', 'state'), log).prepare(), { code: 'ENOTDIR' });
  await assert.rejects(createFolder(join(base, 'file'), log).prepare(), { code: 'EEXIST' });
  await assert.rejects(createFolder('/proc/nope', log).prepare(), { code: 'ENOENT' });
  await assert.rejects(createFolder('/proc/nope/a/b', log).prepare(), { code: 'ENOENT' });
});
