import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCli } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';

const FRAME = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';

async function run(t: TestContext, rows: readonly unknown[], ...flags: string[]) {
  const file = join(await tempDir(t), 'corpus.jsonl');
  await writeFile(file, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  const cli = runCli(t, ['explain', '--corpus', file, ...flags]);
  const code = await cli.exit;
  return { code, stdout: cli.stdout(), stderr: cli.stderr(), lines: cli.stdout().trimEnd().split('\n') };
}

const row = (fields: object) => ({ provider: 'acme', status: 503, body: '', stream: false, ...fields });

test('each line of a corpus gets one line of JSON, in order', async (t) => {
  const { code, lines, stderr } = await run(t, [
    row({ body: 'no healthy upstream' }),
    row({ status: 200, stream: true, body: `event: error\ndata: ${FRAME}\n\n` }),
    row({ status: 200, stream: true, body: FRAME }),
    row({ status: 429, body: '{"error":{"message":"Rate limit exceeded"}}', headers: { 'Retry-After': ['7200'] } }),
    row({ body: gzipSync(FRAME).toString('base64'), headers: { 'Content-Encoding': 'gzip' } }),
  ]);
  assert.equal(code, 0, stderr);
  const said = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    said.map(({ cause }) => cause),
    ['no_available_backend', 'model_overloaded', 'model_overloaded', 'rate_limit_daily', 'model_overloaded'],
  );
  for (const one of said) assert.deepEqual(Object.keys(one), ['cause', 'basis', 'rule', 'origin', 'owner']);
  assert.equal(stderr, '');
});

test('a line whose status nobody knows is judged by its body', async (t) => {
  const { lines } = await run(t, [row({ status: 0, body: 'no healthy upstream' }), row({ status: null, body: FRAME })]);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).cause),
    ['no_available_backend', 'model_overloaded'],
  );
});

test('a broken line says which it is and what is wrong, without its text, and the rest goes on', async (t) => {
  const { code, lines, stderr } = await run(t, ['{"secret', row({ status: 'secret' }), row({ status: 503 }), '']);
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(lines[0] ?? ''), { error: 'line 1: not JSON' });
  assert.deepEqual(JSON.parse(lines[1] ?? ''), { error: 'line 2: not as it should be: status' });
  assert.equal(JSON.parse(lines[2] ?? '').cause, 'service_unavailable');
  assert.equal(lines.length, 3);
  assert.match(stderr, /line 1: not JSON/);
  assert.ok(!`${lines.join()}${stderr}`.includes('secret'));
});

const LABELLED = [
  row({ cause: 'service_unavailable' }),
  row({ cause: 'model_overloaded' }),
  row({ cause: 'model_overloaded' }),
  row({
    status: 401,
    body: '{"error":{"message":"Missing API key"}}',
    cause: 'auth_invalid_key',
    subcause: 'auth_missing_key',
  }),
];

test('where lines carry a cause, accuracy and confusions are logged, and stdout stays JSON', async (t) => {
  const { code, lines, stderr } = await run(t, LABELLED);
  assert.equal(code, 0);
  for (const line of lines) JSON.parse(line);
  assert.match(stderr, /expected=model_overloaded given=service_unavailable lines=\[2,3\]/);
  assert.match(stderr, /right=2 of=4 accuracy=0.5/);
});

test('--summary prints accuracy and confusions instead', async (t) => {
  const { lines } = await run(t, LABELLED, '--summary');
  assert.deepEqual(lines, [
    '2 of 4 right (50.0 %)',
    '',
    'EXPECTED          GIVEN                WHERE',
    'model_overloaded  service_unavailable  lines 2, 3',
  ]);
});
