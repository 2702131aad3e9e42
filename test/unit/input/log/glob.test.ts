import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findFiles, isGlob } from '../../../../src/input/log/glob.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const FILES = [
  'a.log',
  'b.log',
  'c.txt',
  '.hidden.log',
  'd[1].log',
  'x/a.log',
  'x/y/a.log',
  'x/y/z/1.log',
  'x/.dot/a.log',
  'w+w/a.log',
];

const CASES: readonly (readonly [pattern: string, matches: readonly string[]])[] = [
  ['*.log', ['a.log', 'b.log', 'd[1].log']],
  ['?.log', ['a.log', 'b.log']],
  ['[ab].log', ['a.log', 'b.log']],
  ['[!a].log', ['b.log']],
  ['[a-b].*', ['a.log', 'b.log']],
  ['{a,c}.{log,txt}', ['a.log', 'c.txt']],
  ['{x/{a,y/a},b}.log', ['b.log', 'x/a.log', 'x/y/a.log']],
  ['.*.log', ['.hidden.log']],
  [
    '**/a.log',
    ['a.log', 'link/y/a.log', 'w+w/a.log', 'x/a.log', 'x/y/a.log'].filter((name) => !name.startsWith('link')),
  ],
  ['x/**/*.log', ['x/a.log', 'x/y/a.log', 'x/y/z/1.log']],
  ['*/*/a.log', ['link/y/a.log', 'x/y/a.log']],
  ['w+w/*', ['w+w/a.log']],
  ['none/*', []],
  ['x*', []],
  ['d[[]1].log', ['d[1].log']],
  ['./x/../*.txt', ['c.txt']],
];

test('a pattern matches what a shell with globstar matches', async (t) => {
  const dir = await tempDir(t);
  for (const file of FILES) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), '');
  }
  symlinkSync('x', join(dir, 'link'));
  for (const [pattern, matches] of CASES) {
    const { paths, isCapped } = await findFiles(`${dir}/${pattern}`);
    assert.deepEqual([pattern, paths], [pattern, matches.map((name) => join(dir, name))]);
    assert.equal(isCapped, false);
  }
});

test('a link that leads round in a circle ends', async (t) => {
  const dir = await tempDir(t);
  symlinkSync('.', join(dir, 'loop'));
  writeFileSync(join(dir, 'a.log'), '');
  assert.deepEqual((await findFiles(`${dir}/**/*.log`)).paths, [join(dir, 'a.log')]);
});

test('braces beyond counting are cut short', async () => {
  await findFiles('{a,b}'.repeat(60));
});

test('a path without magic characters is no pattern', () => {
  assert.deepEqual(['/var/log/nginx/access.log', '/a/*.log', '/a/{b,c}', '/a/?', '/a/[b]'].map(isGlob), [
    false,
    true,
    true,
    true,
    true,
  ]);
});
