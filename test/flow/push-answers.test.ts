import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import zlib from 'node:zlib';
import { startConfigured } from '../support/configured-exporter.ts';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { runCli } from '../support/exporter.ts';
import { requestLine, requestLines } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

const TOKEN = 'correct-horse-battery';
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` };

async function startPush(t: TestContext, settings: object = {}) {
  const folder = await tempDir(t);
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${TOKEN}\n`);
  const exporter = await startConfigured(t, folder, {
    push: { token_file: 'token', provider: 'novita', format: 'nginx-json', ...settings },
  });
  const post = async (
    body: string | Buffer<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
    method = 'POST',
  ) => {
    const init = { method, headers: { ...AUTHORIZED, ...headers }, signal: AbortSignal.timeout(DEADLINE_MS) };
    const response = await fetch(`${exporter.webUrl}/v1/logs`, method === 'GET' ? init : { ...init, body });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : { text } };
  };
  const results = async () => (await exporter.scrape()).by('llm_exporter_push_requests_total', ['result']);
  return { ...exporter, tokenFile, post, results };
}

test('pushed lines count as requests, and lines = events + filtered + rejected', async (t) => {
  const { post, scrape, results } = await startPush(t);
  const ndjson = `${requestLine(1)}${requestLine(2, 503)}{"status":200,"request_uri":"/favicon.ico"}\n{"broken\n`;
  const { status, json } = await post(ndjson, { 'Content-Type': 'application/x-ndjson' });
  assert.equal(status, 200);
  assert.deepEqual(json, {
    accepted: 2,
    filtered: 1,
    rejected: { invalid_json: 1 },
    duplicate: false,
    first_rejected: 'record 4: invalid_json',
  });
  const metrics = await scrape();
  const labels = { source: 'push' };
  assert.deepEqual(metrics.by('llm_requests_total', ['provider', 'model', 'code']), {
    'novita deepseek/deepseek-v3 200': 1,
    'novita deepseek/deepseek-v3 503': 1,
  });
  assert.equal(metrics.sum('llm_exporter_source_lines_total', labels), 4);
  assert.equal(metrics.sum('llm_exporter_source_events_total', labels), 2);
  assert.equal(metrics.sum('llm_exporter_source_filtered_total', labels), 1);
  assert.equal(metrics.sum('llm_exporter_source_rejected_total', labels), 1);
  assert.equal(metrics.sum('llm_exporter_source_bytes_total', labels), Buffer.byteLength(ndjson));
  assert.equal(metrics.sum('llm_exporter_source_up', labels), 1);
  assert.deepEqual(await results(), { accepted: 1 });
});

test('an array, one object and lines of text are read, packed in any of the usual ways', async (t) => {
  const { post, scrape } = await startPush(t);
  const array = `[${[requestLine(1), requestLine(2)].join(',')}]`;
  const packed: readonly (readonly [string, Buffer<ArrayBuffer>])[] = [
    ['gzip', zlib.gzipSync(array)],
    ['deflate', zlib.deflateSync(array)],
    ['br', zlib.brotliCompressSync(array)],
    ['zstd', zlib.zstdCompressSync(array)],
    ['identity', Buffer.from(array)],
  ];
  for (const [encoding, body] of packed) {
    const { status, json } = await post(body, { 'Content-Encoding': encoding, 'Content-Type': 'application/json' });
    assert.deepEqual([status, json.accepted], [200, 2], encoding);
  }
  assert.equal((await post(requestLine(3))).json.accepted, 1);
  assert.equal((await post(requestLines(4, 6), { 'Content-Type': 'text/plain' })).json.accepted, 3);
  assert.equal((await scrape()).sum('llm_requests_total', { code: '200' }), 14);
});

test('whoever shows no token, or a wrong one, counts nothing', async (t) => {
  const { post, scrape, results, tokenFile, stderr } = await startPush(t);
  const none = await post(requestLine(1), { Authorization: '' });
  assert.equal(none.status, 401);
  assert.equal(none.headers.get('www-authenticate'), 'Bearer realm="llm-exporter"');
  for (const Authorization of ['Bearer wrong', `Basic ${TOKEN}`, 'Bearer', `Bearer ${TOKEN}x`]) {
    assert.equal((await post(requestLine(1), { Authorization })).status, 401, Authorization);
  }
  await writeFile(tokenFile, 'another');
  assert.equal((await post(requestLine(1))).status, 401);
  assert.equal((await post(requestLine(1), { Authorization: 'bearer another' })).status, 200);
  await writeFile(tokenFile, '');
  assert.equal((await post(requestLine(1))).status, 503);
  assert.equal((await scrape()).sum('llm_exporter_source_lines_total'), 1);
  assert.deepEqual(await results(), { unauthorized: 6, accepted: 1, unavailable: 1 });
  assert.doesNotMatch(stderr(), /correct-horse|another|wrong/);
});

test('a body that is too large is refused, whatever it says of itself', async (t) => {
  const { post, results, scrape } = await startPush(t, { max_body: '64KiB' });
  assert.equal((await post('x'.repeat(65 * 1024))).status, 413);
  const bomb = zlib.gzipSync(Buffer.alloc(32 * 1024 * 1024, '\n'));
  assert.ok(bomb.length < 64 * 1024);
  const answer = await post(bomb, { 'Content-Encoding': 'gzip' });
  assert.equal(answer.status, 413);
  assert.match(answer.json.error, /65536 bytes of push\.max_body, when unpacked/);
  assert.equal((await post(requestLine(1))).status, 200);
  assert.equal((await scrape()).sum('llm_exporter_source_lines_total'), 1);
  assert.deepEqual(await results(), { too_large: 2, accepted: 1 });
});

test('what cannot be read as a whole is refused with the place of the fault, and counts nothing', async (t) => {
  const { post, results, scrape } = await startPush(t);
  const json = { 'Content-Type': 'application/json' };
  const broken = await post(`[${requestLine(1)},${requestLine(2)}`, json);
  assert.equal(broken.status, 400);
  assert.match(broken.json.error, /^record 3: it ends/);
  const cut = zlib.gzipSync(requestLines(1, 50)).subarray(0, 100);
  assert.match((await post(cut, { 'Content-Encoding': 'gzip' })).json.error, /cannot be unpacked/);
  assert.equal((await post(requestLine(1), { 'Idempotency-Key': '' })).status, 400);
  const packed = await post(requestLine(1), { 'Content-Encoding': 'compress' });
  assert.equal(packed.status, 415);
  assert.match(packed.headers.get('accept-encoding') ?? '', /gzip/);
  const twice = await post(requestLine(1), { 'Content-Encoding': 'gzip, gzip' });
  assert.equal(twice.status, 415);
  const protobuf = await post(requestLine(1), { 'Content-Type': 'application/x-protobuf' });
  assert.equal(protobuf.status, 415);
  assert.match(protobuf.json.error, /OTLP is read as JSON only/);
  assert.equal((await scrape()).sum('llm_exporter_source_lines_total'), 0);
  assert.deepEqual(await results(), { malformed: 3, unsupported: 3 });
});

test('only POST is there', async (t) => {
  const { post } = await startPush(t);
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const { status, headers } = await post('x', {}, method);
    assert.deepEqual([status, headers.get('allow')], [405, 'POST'], method);
  }
});

test('more lines than may come are told when to come again', async (t) => {
  const { post, results } = await startPush(t, { max_lines_per_second: 1 });
  assert.equal((await post(requestLines(1, 600))).status, 200);
  const { status, headers, json } = await post(requestLine(601));
  assert.equal(status, 429);
  const wait = Number(headers.get('retry-after'));
  assert.ok(wait > 500 && wait <= 600, String(wait));
  assert.match(json.error, /push\.max_lines_per_second/);
  assert.deepEqual(await results(), { accepted: 1, rate_limited: 1 });
});

test('a sender that leaves in the middle counts nothing', async (t) => {
  const { webUrl, results, scrape } = await startPush(t);
  const { hostname, port } = new URL(webUrl);
  const socket = connect(Number(port), hostname);
  // The exporter may reset what it has not read to the end.
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  socket.write(
    `POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 100000\r\n\r\n${requestLines(1, 20)}`,
  );
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.end();
  await eventually(async () => assert.deepEqual(await results(), { aborted: 1 }));
  assert.equal((await scrape()).sum('llm_exporter_source_lines_total'), 0);
});

test('without push in the configuration nothing is taken', async (t) => {
  const exporter = await startConfigured(t, await tempDir(t), {});
  const response = await fetch(`${exporter.webUrl}/v1/logs`, { method: 'POST', body: requestLine(1) });
  assert.equal(response.status, 403);
  assert.match(await response.text(), /push is not enabled/);
  assert.doesNotMatch((await exporter.scrape()).text, /push_requests_total\{/);
});

test('a configuration that lets anyone push by accident is refused', async (t) => {
  const folder = await tempDir(t);
  const file = join(folder, 'config.yml');
  const check = async (push: string) => {
    await writeFile(file, `push:\n  format: json\n${push}`);
    const run = runCli(t, ['check-config', file]);
    return { code: await run.exit, text: run.stdout() + run.stderr() };
  };
  const open = await check('');
  assert.equal(open.code, 1);
  assert.match(open.text, /push: needs token_file, or allow_anonymous.*config\.yml line=1/);
  assert.equal((await check('  allow_anonymous: true\n')).code, 0);
  await writeFile(join(folder, 'token'), TOKEN);
  assert.equal((await check('  token_file: token\n')).code, 0);
  assert.match((await check('  token_file: token\n  allow_anonymous: true\n')).text, /exclude each other/);
  const absent = await check('  token_file: absent\n');
  assert.equal(absent.code, 1);
  assert.match(absent.text, /push\.token_file: \S+absent\S* holds no token: ENOENT.*config\.yml line=3/);
  const serve = runCli(t, [
    'serve',
    `--config.file=${file}`,
    `--state.dir=${folder}`,
    '--web.listen-address=127.0.0.1:0',
  ]);
  assert.equal(await serve.exit, 1);
  assert.match(serve.stderr(), /push\.token_file: \S+absent\S* holds no token: ENOENT/);
});

test('settings change in a reload, keys and counts stay', async (t) => {
  const folder = await tempDir(t);
  const push = { allow_anonymous: true, format: 'nginx-json' };
  const exporter = await startConfigured(t, folder, { push });
  const post = (body: string, headers = {}) => fetch(`${exporter.webUrl}/v1/logs`, { method: 'POST', body, headers });
  const key = { 'Idempotency-Key': 'k1' };
  assert.equal((await post(requestLine(1), key)).status, 200);
  await exporter.reload({ push: { ...push, provider: 'other', max_body: '1KiB' } });
  assert.equal((await post(requestLines(1, 20))).status, 413);
  assert.equal((await post(requestLine(2))).status, 200);
  const again = await post(requestLine(1), key);
  assert.partialDeepStrictEqual(await again.json(), { accepted: 1, duplicate: true });
  await exporter.reload({});
  assert.equal((await post(requestLine(3))).status, 403);
  assert.deepEqual((await exporter.scrape()).by('llm_requests_total', ['provider']), { default: 1, other: 1 });
});
