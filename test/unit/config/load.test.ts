import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { problemsInHead, problemsOf } from '../../support/problems.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('bad configurations', () => {
  const files = globSync('test/fixtures/config/bad/*.yml').sort();
  test('there are some', () => assert.ok(files.length >= 5));

  for (const file of files) {
    test(`${basename(file)} is refused with exactly the problems its head names`, () => {
      assert.deepEqual(
        problemsOf(() => loadConfig({ file })),
        problemsInHead(file),
      );
    });
  }
});

test('the example configuration is accepted and fills in defaults', () => {
  const config = loadConfig({ file: 'docs/example.yml' });
  assert.equal(config.proxy?.upstream, 'https://api.novita.ai');
  assert.deepEqual(config.proxy?.listen_address, { host: '127.0.0.1', port: 8503 });
  assert.equal(config.proxy?.timeouts.headers, 600_000);
  assert.equal(config.limits.models, 200);
});

test('flags override the file, and problems with them name the flag', () => {
  const good = loadConfig({
    file: 'docs/example.yml',
    overrides: [{ flag: '--upstream', path: ['proxy', 'upstream'], value: 'https://api.example.com/v1' }],
  });
  assert.equal(good.proxy?.upstream, 'https://api.example.com/v1');
  const problems = problemsOf(() =>
    loadConfig({ overrides: [{ flag: '--upstream', path: ['proxy', 'upstream'], value: 'api.example.com' }] }),
  );
  assert.deepEqual(problems, [
    '--upstream: proxy.upstream: "api.example.com" is not an http:// or https:// URL such as https://api.novita.ai',
  ]);
});

test('a password in a URL is not repeated in the message', () => {
  const text = problemsOf(() =>
    loadConfig({
      overrides: [{ flag: '--upstream', path: ['proxy', 'upstream'], value: 'https://u:hunter2@x.example' }],
    }),
  ).join();
  assert.doesNotMatch(text, /hunter2/);
});

test('a missing file and a configuration without inputs say so', () => {
  assert.match(problemsOf(() => loadConfig({ file: 'no/such.yml' })).join(), /^such.yml: cannot be read: ENOENT/);
  assert.match(problemsOf(() => loadConfig({})).join(), /nothing to watch/);
});

test('a rules file is looked for beside the configuration that names it', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'config.yml');
  await writeFile(file, 'stdin: {}\nclassify:\n  rules_file: mine/rules.yml\n');
  assert.equal(loadConfig({ file }).classify.rules_file, join(dir, 'mine/rules.yml'));
  const flag = { flag: '--rules.file', path: ['classify', 'rules_file'], value: '/elsewhere/rules.yml' };
  assert.equal(loadConfig({ file, overrides: [flag] }).classify.rules_file, '/elsewhere/rules.yml');
});
