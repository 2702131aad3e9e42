import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../../src/demo/program/debian-package.ts';

const NAME = '@portkey-ai/gateway';
const VERSION = '1.15.2';

const run = promisify(execFile);

/** The gateway's program, installed beside the cached Debian programs when it is not there yet: some 25 MB, a quarter of a minute. */
export async function portkeyProgram(): Promise<string> {
  const folder = join(dirname(cacheFolder()), `portkey-${VERSION}`);
  const home = join(folder, 'node_modules', NAME);
  if (!(await isInstalled(home))) {
    await mkdir(folder, { recursive: true });
    const how = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder];
    await run('npm', ['install', ...how, `${NAME}@${VERSION}`], { cwd: folder });
  }
  return join(home, 'build', 'start-server.js');
}

async function isInstalled(home: string): Promise<boolean> {
  const text = await readFile(join(home, 'package.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text).version === VERSION;
}
