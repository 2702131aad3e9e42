import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { type ExporterProcess, startExporter } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';
import { chatFrame, DONE_FRAME, openStream, readBody, startUpstream } from '../support/upstream.ts';

/** An API that says what it was asked, or holds a stream open; it counts its connections. */
async function startApi(t: TestContext, name: string) {
  const streams: ServerResponse[] = [];
  const asked: string[] = [];
  const handler: RequestListener = async (request, response) => {
    await readBody(request);
    asked.push(`${request.url} ${request.headers.authorization ?? '-'} ${request.socket.remotePort}`);
    if (request.url?.includes('stream') === true) {
      openStream(response).write(chatFrame(name));
      streams.push(response);
    } else
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ name, url: request.url }));
  };
  // How long a test takes must not decide which connection a request goes out on.
  const upstream = await startUpstream(t, handler, 60_000);
  /** Closes the newest stream in the way that its API documents. */
  const endStream = () => streams.at(-1)?.end(DONE_FRAME);
  return { ...upstream, name, asked, endStream, streams };
}

const post = (exporter: ExporterProcess, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(exporter.proxyUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"model":"m"}',
    signal: AbortSignal.timeout(DEADLINE_MS),
  });

async function startWith(t: TestContext, yaml: string) {
  const file = join(await tempDir(t), 'config.yml');
  await writeFile(file, yaml);
  const exporter = await startExporter(t, [`--config.file=${file}`]);
  let reloads = 0;
  /** Takes up another configuration. */
  const reload = async (next: string): Promise<void> => {
    await writeFile(file, next);
    reloads += 1;
    exporter.child.kill('SIGHUP');
    await eventually(() => assert.equal(exporter.stderr().match(/configuration reloaded/g)?.length, reloads));
  };
  return { exporter, reload };
}

test('requests go by prefix, host and header to the API that is for them, and each is counted for its provider', async (t) => {
  const [openai, anthropic, any] = [await startApi(t, 'o'), await startApi(t, 'a'), await startApi(t, 'any')];
  const { exporter } = await startWith(
    t,
    `
proxy:
  upstreams:
    - name: openai
      url: ${openai.url}/base
      provider: openai
      match: {path_prefix: /openai}
      strip_prefix: true
    - name: anthropic
      url: ${anthropic.url}
      provider: anthropic
      match: {header: 'X-Api: anthropic'}
    - name: any
      url: ${any.url}
      provider: novita
      match: {path_prefix: /v1}
`,
  );
  const answer = async (...asked: [path: string, headers?: Record<string, string>]) =>
    (await post(exporter, ...asked)).json();
  assert.deepEqual(await answer('/openai/v1/chat/completions?a=%2F..'), {
    name: 'o',
    url: '/base/v1/chat/completions?a=%2F..',
  });
  assert.deepEqual(await answer('/v1/messages', { 'x-api': 'anthropic' }), { name: 'a', url: '/v1/messages' });
  assert.deepEqual(await answer('/v1/chat/completions'), { name: 'any', url: '/v1/chat/completions' });

  const lost = await post(exporter, '/v2/chat/completions', { authorization: 'Bearer sk-secret' });
  assert.equal(lost.status, 404);
  assert.equal(lost.headers.get('x-llm-exporter-cause'), 'invalid_request');
  const text = await lost.text();
  assert.match(text, /path \/openai, header X-Api, path \/v1/);
  assert.doesNotMatch(text, /sk-secret/);

  const scrape = await eventually(async () => {
    const now = await exporter.scrape();
    assert.equal(now.sum('llm_requests_total'), 4);
    return now;
  });
  for (const provider of ['openai', 'anthropic', 'novita', 'unknown']) {
    assert.equal(scrape.sum('llm_requests_total', { provider }), 1, provider);
  }
  const page = await (await fetch(`${exporter.webUrl}/api/v1/status`)).text();
  for (const { url } of [openai, anthropic, any]) assert.ok(page.includes(url), 'each upstream is described');
});

test('a reload drops no stream: upstreams that stay keep their connections, those that go finish', async (t) => {
  const [kept, moved, gone, next] = [
    await startApi(t, 'kept'),
    await startApi(t, 'moved'),
    await startApi(t, 'gone'),
    await startApi(t, 'next'),
  ];
  const dir = await tempDir(t);
  const keyFile = join(dir, 'key');
  await writeFile(keyFile, 'sk-1\n');
  const upstream = (name: string, url: string, more = '') =>
    `    - {name: ${name}, url: '${url}', provider: ${name}, match: {path_prefix: /${name}}, strip_prefix: true${more}}\n`;
  const { exporter, reload } = await startWith(
    t,
    `proxy:\n  upstreams:\n${upstream('kept', kept.url)}${upstream('moved', moved.url)}${upstream('gone', gone.url)}`,
  );
  await (await post(exporter, '/kept/v1/one')).text();
  const running = [];
  for (const api of [kept, moved, gone]) {
    running.push(await post(exporter, `/${api.name}/stream`));
    await eventually(() => assert.equal(api.streams.length, 1));
  }
  // A second connection that is idle when the reload comes.
  await (await post(exporter, '/kept/v1/two')).text();

  const retries = ', retries: {max: 1}';
  await reload(
    `proxy:\n  max_request: 1MiB\n  upstreams:\n${upstream('kept', kept.url, `${retries}, api_key_file: '${keyFile}'`)}${upstream('moved', next.url)}`,
  );
  await (await post(exporter, '/kept/v1/three')).text();
  const [two, three] = kept.asked.slice(-2).map((line) => line.split(' '));
  assert.equal(three?.[0], '/v1/three');
  assert.equal(three?.at(-1), two?.at(-1), 'the connection that was idle before the reload');
  assert.match(kept.asked.at(-1) ?? '', /Bearer sk-1/, 'with the key that came with the reload');
  assert.deepEqual(await (await post(exporter, '/moved/v1/x')).json(), { name: 'next', url: '/v1/x' });
  assert.equal((await post(exporter, '/gone/v1/x')).status, 404);

  for (const api of [kept, moved, gone]) api.endStream();
  for (const [at, api] of [kept, moved, gone].entries()) {
    assert.equal(await running[at]?.text(), chatFrame(api.name) + DONE_FRAME, api.name);
  }
  await eventually(() =>
    assert.equal(gone.sockets.size + moved.sockets.size, 0, 'connections of what is gone are closed'),
  );
  const scrape = await eventually(async () => {
    const now = await exporter.scrape();
    assert.equal(now.sum('llm_requests_total'), 8);
    return now;
  });
  assert.equal(scrape.sum('llm_requests_in_flight'), 0);
  assert.equal(scrape.sum('llm_requests_total', { provider: 'gone', code: '200', cause: 'none' }), 1);
});

test('one upstream becomes several with a reload, and several become one', async (t) => {
  const [first, second] = [await startApi(t, 'first'), await startApi(t, 'second')];
  const single = `proxy: {upstream: '${first.url}', provider: p}\n`;
  const { exporter, reload } = await startWith(t, single);
  const names = async (): Promise<(string | undefined)[]> =>
    Promise.all(
      ['/a/x', '/b/x'].map(async (path) => /"name":"(\w+)"/.exec(await (await post(exporter, path)).text())?.[1]),
    );
  assert.deepEqual(await names(), ['first', 'first']);
  await reload(
    `proxy:\n  upstreams:\n    - {name: a, url: '${first.url}', match: {path_prefix: /a}}\n    - {name: b, url: '${second.url}'}\n`,
  );
  assert.deepEqual(await names(), ['first', 'second']);
  await reload(single);
  assert.deepEqual(await names(), ['first', 'first']);
});

test('a reload with a key file of no use changes nothing and names the file', async (t) => {
  const api = await startApi(t, 'api');
  const dir = await tempDir(t);
  const keyFile = join(dir, 'key');
  await writeFile(keyFile, 'sk-1');
  await chmod(keyFile, 0o600);
  const { exporter } = await startWith(t, `proxy: {upstream: '${api.url}', api_key_file: '${keyFile}'}\n`);
  await (await post(exporter, '/v1/x')).text();
  await writeFile(keyFile, '\n');
  exporter.child.kill('SIGHUP');
  await eventually(() => assert.match(exporter.stderr(), /configuration refused/));
  assert.match(exporter.stderr(), /proxy\.api_key_file: .*key.* is empty/);
  await (await post(exporter, '/v1/x')).text();
  assert.match(api.asked.at(-1) ?? '', /Bearer sk-1/);
  assert.doesNotMatch(exporter.stderr(), /sk-1/);
});
