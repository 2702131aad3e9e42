import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { debianProgram } from '../../../src/demo/programs.ts';
import { tempDir } from '../../support/temp-dir.ts';

function setEnvironment(t: TestContext, values: Readonly<Record<string, string>>): void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

async function writeProgram(folder: string, name: string, mode = 0o755): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), '#!/bin/sh\n');
  await chmod(join(folder, name), mode);
  return join(folder, name);
}

test('a program on PATH is taken, under Debian’s name too', async (t) => {
  const folder = await tempDir(t);
  const path = await writeProgram(folder, 'prometheus-alertmanager');
  setEnvironment(t, { PATH: `/nonexistent:${folder}`, XDG_CACHE_HOME: folder });
  assert.equal(await debianProgram('alertmanager', { download: false }), path);
});

test('a file that cannot be executed is no program', async (t) => {
  const folder = await tempDir(t);
  await writeProgram(folder, 'promtool', 0o644);
  setEnvironment(t, { PATH: folder, XDG_CACHE_HOME: folder });
  await assert.rejects(debianProgram('promtool', { download: false }), { name: 'ProblemError' });
});

test('the newest unpacked package is taken, one still being unpacked is not', async (t) => {
  const cache = await tempDir(t);
  const packages = join(cache, 'llm-exporter', 'debian-1');
  await writeProgram(join(packages, 'prometheus_2.42.0', 'bin'), 'promtool');
  const newest = await writeProgram(join(packages, 'prometheus_2.53.0', 'bin'), 'promtool');
  await writeProgram(join(packages, '.unpacking-abc', 'bin'), 'amtool');
  setEnvironment(t, { PATH: cache, XDG_CACHE_HOME: cache });
  assert.equal(await debianProgram('promtool', { download: false }), newest);
  await assert.rejects(debianProgram('amtool', { download: false }));
});

test('what is missing is named, with the way to get it', async (t) => {
  const folder = await tempDir(t);
  setEnvironment(t, { PATH: folder, XDG_CACHE_HOME: folder });
  await assert.rejects(debianProgram('amtool', { download: false }), {
    name: 'ProblemError',
    message:
      'amtool is missing: it is not on PATH and downloads are off. ' +
      'Put it on PATH; on Debian or Ubuntu: apt-get install prometheus-alertmanager',
  });
});

test('without apt-get the message says so', async (t) => {
  const folder = await tempDir(t);
  setEnvironment(t, { PATH: folder, XDG_CACHE_HOME: folder });
  let announced = 0;
  await assert.rejects(debianProgram('amtool', { onDownload: () => announced++ }), {
    message: /^amtool is missing: there is no apt-get to download it with\. Put it on PATH/,
  });
  assert.equal(announced, 1);
});
