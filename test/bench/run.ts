import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename } from 'node:path';

/** `npm run bench [-- NAME...]`: every benchmark of this folder, or those named; each prints its own table. */
const NOT_BENCHES = ['run', 'upstream'];
const names = globSync('test/bench/*.ts')
  .map((file) => basename(file, '.ts'))
  .filter((name) => !NOT_BENCHES.includes(name))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}; there are ${names.join(', ')}`);
for (const name of wanted.length > 0 ? wanted : names) {
  const { status } = spawnSync(process.execPath, [`test/bench/${name}.ts`], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = status ?? 1;
}
