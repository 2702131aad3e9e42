import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { ProblemError } from '../../../src/problem.ts';
import { tempDir } from '../../support/temp-dir.ts';

async function problems(t: TestContext, yaml: string): Promise<string[]> {
  const file = join(await tempDir(t), 'config.yml');
  await writeFile(file, yaml);
  try {
    loadConfig({ file });
    return [];
  } catch (error) {
    assert.ok(error instanceof ProblemError);
    return error.problems.map(({ code, line, message }) => `${line} ${code} ${message}`);
  }
}

test('push or syslog alone is something to watch', async (t) => {
  assert.deepEqual(await problems(t, 'push: { allow_anonymous: true }'), []);
  assert.deepEqual(await problems(t, 'syslog: [{ listen: udp://127.0.0.1:5514 }]'), []);
  assert.match((await problems(t, 'web: {}'))[0] ?? '', /nothing to watch/);
});

test('a source name belongs to one source, of whatever kind', async (t) => {
  const yaml = `stdin: {}
push: { allow_anonymous: true }
logs:
  - { file: /a.log, source: push }
  - { file: /b.log, source: edge }
syslog:
  - { listen: udp://127.0.0.1:5514, source: stdin }
  - { listen: udp://127.0.0.1:5515, source: edge }
  - { listen: udp://127.0.0.1:5516, source: 'udp://127.0.0.1:5517' }
  - { listen: udp://127.0.0.1:5517 }
`;
  assert.deepEqual(await problems(t, yaml), [
    '4 config.duplicate_source logs.0: a source named "push" is there already',
    '7 config.duplicate_source syslog.0: a source named "stdin" is there already',
    '8 config.duplicate_source syslog.1: a source named "edge" is there already',
    '10 config.duplicate_source syslog.3: a source named "udp://127.0.0.1:5517" is there already',
  ]);
});

test('an address is listened on once', async (t) => {
  const yaml = `syslog:
  - { listen: udp://127.0.0.1:5514, source: a }
  - { listen: tcp://127.0.0.1:5514, source: b }
  - { listen: udp://127.0.0.1:5514, source: c }
`;
  assert.deepEqual(await problems(t, yaml), [
    '4 config.duplicate_listen syslog.2: udp://127.0.0.1:5514 is listened on already',
  ]);
});

for (const [web, proxy, isTwice] of [
  ['127.0.0.1:9000', '127.0.0.1:9000', true],
  [':9000', '127.0.0.1:9000', true],
  ['localhost:9000', '127.0.0.1:9000', true],
  [':9000', '"[::1]:9000"', true],
  ['0.0.0.0:9000', '"[::1]:9000"', false],
  ['localhost:9000', '"[::1]:9000"', false],
  ['127.0.0.1:9000', '127.0.0.1:9001', false],
  ['127.0.0.2:9000', '127.0.0.1:9000', false],
  ['127.0.0.1:0', '127.0.0.1:0', false],
] as const)
  test(`the web address ${web} and the proxy's ${proxy} are ${isTwice ? 'one' : 'two'}`, async (t) => {
    const yaml = `proxy: { upstream: "https://a.example", listen_address: ${proxy} }\nweb: { listen_address: "${web}" }\n`;
    const message = `2 config.duplicate_listen web.listen_address: ${web} is where the proxy listens (proxy.listen_address)`;
    assert.deepEqual(await problems(t, yaml), isTwice ? [message] : []);
  });

for (const [upstream, listen, isItself] of [
  ['http://127.0.0.1:8503/openai', '127.0.0.1:8503', true],
  ['http://localhost:8503', '127.0.0.1:8503', true],
  ['http://[::1]:8503', ':8503', true],
  ['http://localhost', '0.0.0.0:80', true],
  ['https://LOCALHOST', 'localhost:443', true],
  ['http://10.0.0.7:8503', '10.0.0.7:8503', true],
  ['http://10.0.0.7:8503', ':8503', false],
  ['http://0.0.0.0:8503', '127.0.0.1:8503', true],
  ['http://0.0.0.0:8503', '192.168.1.1:8503', false],
  ['http://[::1]:8503', '0.0.0.0:8503', false],
  ['http://[::1]:8503', 'localhost:8503', false],
  ['http://127.0.0.1:8504', '127.0.0.1:8503', false],
  ['http://10.0.0.7:8503', '127.0.0.1:8503', false],
] as const)
  test(`${upstream} is ${isItself ? '' : 'not '}the proxy at ${listen}`, async (t) => {
    const found = await problems(t, `proxy:\n  listen_address: "${listen}"\n  upstream: "${upstream}"\n`);
    const message = `3 config.upstream_itself proxy.upstream: ${upstream} is this proxy itself: each request would come back to it`;
    assert.deepEqual(found, isItself ? [message] : []);
  });

test('who may push is said, and said once', async (t) => {
  assert.match(
    (await problems(t, 'push: {}'))[0] ?? '',
    /config\.push_token push: needs token_file, or allow_anonymous/,
  );
  assert.match((await problems(t, 'push: { token_file: t, allow_anonymous: true }'))[0] ?? '', /exclude each other/);
});

test('a token file is looked for beside the configuration', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'config.yml');
  await writeFile(join(dir, 'token'), 'secret');
  await writeFile(file, 'push: { token_file: token }');
  assert.equal(loadConfig({ file }).push?.token_file, join(dir, 'token'));
});

test('a token file that is missing or empty is a fault, with its place', async (t) => {
  const dir = await tempDir(t);
  await writeFile(join(dir, 'empty'), '\n');
  const absent = join(dir, 'absent');
  const [missing = ''] = await problems(t, `push:\n  token_file: ${absent}\n`);
  assert.ok(missing.startsWith(`2 config.file push.token_file: "${absent}" holds no token: ENOENT`), missing);
  const [empty = ''] = await problems(t, `push:\n  token_file: ${join(dir, 'empty')}\n`);
  assert.match(empty, /^2 config\.file push\.token_file: ".*" holds no token: it is empty$/);
});
