import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { describeInputs } from '../../../src/config/inputs.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { problemsInHead, problemsOf } from '../../support/problems.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { createAuthority } from '../../support/wire-certificates.ts';

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

test('the example with several upstreams is accepted, and described without what headers must hold', () => {
  const config = loadConfig({ file: 'docs/example-upstreams.yml', env: { OPENAI_API_KEY: 'sk-x' } });
  assert.deepEqual(
    describeInputs(config).map(({ kind, description }) => `${kind}: ${description}`),
    [
      'proxy: http://127.0.0.1:8503/openai → https://api.openai.com',
      'proxy: http://127.0.0.1:8503 for host claude.internal → https://api.anthropic.com',
      'proxy: http://127.0.0.1:8503 with header X-Team → https://api.novita.ai',
      'proxy: http://127.0.0.1:8503 → https://api.novita.ai',
    ],
  );
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

test('files that a proxy names are looked for beside the configuration, and a key may be in the environment', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'config.yml');
  await writeFile(join(dir, 'acme.key'), ' sk-of-a-file \n');
  await writeFile(
    file,
    `proxy:
  upstreams:
    - {name: a, url: 'https://a.example', match: {host: a.internal}, api_key_file: acme.key}
    - {name: b, url: 'https://b.example', api_key_env: B_KEY}
`,
  );
  const load = (env: Record<string, string>) => loadConfig({ file, env });
  const config = load({ B_KEY: 'sk-of-the-environment' });
  assert.equal(config.proxy?.upstreams[0]?.api_key_file, join(dir, 'acme.key'));
  assert.doesNotMatch(JSON.stringify(config), /sk-/, 'a configuration holds no key');

  assert.match(
    problemsOf(() => load({})).join(),
    /^config\.yml:4:\d+: proxy\.upstreams\.1\.api_key_env: "B_KEY" is not set/,
  );
  await writeFile(join(dir, 'acme.key'), 'sk-one\nsk-two');
  const text = problemsOf(() => load({ B_KEY: 'a secret\n' })).join('\n');
  assert.match(text, /api_key_file: ".*acme\.key" holds more than one word/);
  assert.match(text, /api_key_env: "B_KEY" holds more than one word/);
  assert.doesNotMatch(text, /sk-one|a secret/);
});

test('certificates are tried: no PEM, and a key that does not belong to its certificate', async (t) => {
  const dir = await tempDir(t);
  const authority = await createAuthority({ after: (task) => t.after(task) });
  const [one, other] = [await authority.issue('DNS:one.example'), await authority.issue('DNS:other.example')];
  const yaml = (key: string) =>
    `proxy:\n  upstream: https://a.example\n  tls: {cert_file: cert.pem, key_file: ${key}}\n  upstream_tls: {ca_file: ${key === 'key.pem' ? 'cert.pem' : key}}\n`;
  await writeFile(join(dir, 'cert.pem'), one.cert);
  await writeFile(join(dir, 'key.pem'), one.key);
  await writeFile(join(dir, 'other.pem'), other.key);
  const file = join(dir, 'config.yml');
  await writeFile(file, yaml('key.pem'));
  assert.equal(loadConfig({ file }).proxy?.tls?.cert_file, join(dir, 'cert.pem'));
  await writeFile(file, yaml('other.pem'));
  const text = problemsOf(() => loadConfig({ file })).join('\n');
  assert.match(text, /proxy\.tls\.cert_file: ".*cert\.pem" is of no use with its key: .*mismatch/);
  assert.match(text, /proxy\.upstream_tls\.ca_file: ".*other\.pem" holds no certificate in PEM/);
});
