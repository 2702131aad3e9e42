import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import OpenAI from 'openai';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { startNginx } from '../support/nginx.ts';
import { startSimulator } from '../support/simulator.ts';

/** nginx in front of the simulated API, with the access log that the README tells people to use. */
async function startGateway(t: TestContext, upstream: string) {
  return startNginx(t, {
    http: `include ${resolve('deploy/nginx/llm-log.conf')};`,
    server: `
      client_max_body_size 0;
      client_body_buffer_size 1m;
      access_log access.json llm;
      location / {
        proxy_pass ${upstream};
        proxy_http_version 1.1;
        proxy_buffering off;
      }
      location /nobody-listens/ {
        proxy_pass http://127.0.0.1:1/;
      }
      location /hangs-up/ {
        proxy_pass ${await startHangingUp(t)}/;
      }`,
  });
}

/** An upstream that accepts and closes without a word. */
async function startHangingUp(t: TestContext): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

/** Sends a body as it stands, as no client library would write it; answers with the status code. */
async function post(url: string, body: string): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-secret-key' };
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.text();
  return response.status;
}

/** What one call of the real client came to: the status code it saw. */
async function call(client: OpenAI, model: string, stream: boolean, cause?: string): Promise<number> {
  const options = cause === undefined ? {} : { headers: { 'x-simulate-cause': cause } };
  const messages = [{ role: 'user' as const, content: 'the "model": "not-this-one" is a secret prompt' }];
  try {
    if (stream) {
      for await (const _chunk of await client.chat.completions.create({ model, messages, stream }, options));
    } else {
      await client.chat.completions.create({ model, messages }, options);
    }
    return 200;
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    assert.ok(error.status !== undefined, String(error));
    return error.status;
  }
}

test('a proxy and the log of the nginx behind it give the same counts as the real client saw', async (t) => {
  const simulator = await startSimulator(t);
  const nginx = await startGateway(t, simulator.url);
  const proxying = await startExporter(t, [`--upstream=${nginx.url}`, '--provider=novita']);
  const log = join(nginx.folder, 'access.json');
  const reading = await startExporter(t, [`--file=${log}`, '--provider=novita', '--format=nginx-json']);
  const client = new OpenAI({ baseURL: `${proxying.proxyUrl}/v1`, apiKey: 'sk-secret-key', maxRetries: 0 });

  const calls: readonly (readonly [model: string, stream: boolean, cause?: string])[] = [
    ['deepseek/deepseek-v3', false],
    ['deepseek/deepseek-v3', true],
    ['deepseek/deepseek-v3', true],
    ['meta/llama', false],
    ['meta/llama', false, 'surge_protection'],
    ['meta/llama', true, 'surge_protection'],
    ['meta/llama', false, 'rate_limit_tpm'],
    ['deepseek/deepseek-v3', true, 'rate_limit_rpm'],
    ['deepseek/deepseek-v3', false, 'internal_error'],
    ['meta/llama', false, 'invalid_request'],
  ];
  const seen: Record<string, number> = {};
  for (const [model, stream, cause] of calls) {
    const key = `${model} ${await call(client, model, stream, cause)} ${stream}`;
    seen[key] = (seen[key] ?? 0) + 1;
  }
  assert.equal(Object.keys(seen).length, 9, JSON.stringify(seen));

  for (const exporter of [proxying, reading]) {
    await eventually(async () => {
      const scrape = await exporter.scrape();
      assert.deepEqual(scrape.by('llm_requests_total', ['model', 'code', 'stream']), seen);
      assert.equal(scrape.sum('llm_requests_in_flight'), 0);
    });
  }
  const { text } = await proxying.scrape();
  const everything = text + (await readFile(log, 'utf8')) + proxying.stderr() + reading.stderr();
  assert.doesNotMatch(everything, /secret/);
  const causes = (await proxying.scrape()).by('llm_requests_total', ['code', 'cause']);
  assert.deepEqual(causes, {
    '200 none': 4,
    '503 surge_protection': 2,
    '429 rate_limit_tpm': 1,
    '429 rate_limit_rpm': 1,
    '500 internal_error': 1,
    '400 invalid_request': 1,
  });
});

test('a model name has one spelling, however its JSON was escaped', async (t) => {
  const simulator = await startSimulator(t);
  const nginx = await startGateway(t, simulator.url);
  const proxying = await startExporter(t, [`--upstream=${nginx.url}`, '--provider=novita']);
  const reading = await startExporter(t, [`--file=${join(nginx.folder, 'access.json')}`, '--provider=novita']);
  for (const model of ['deepseek/deepseek-v3', 'deepseek\\/deepseek-v3', 'deepseek\\u002fdeepseek-v3', 'quote\\"d']) {
    const body = `{"model":"${model}","messages":[{"role":"user","content":"hello"}]}`;
    assert.equal(await post(`${proxying.proxyUrl}/v1/chat/completions`, body), 200);
  }
  for (const exporter of [proxying, reading]) {
    await eventually(async () => {
      const { by } = await exporter.scrape();
      assert.deepEqual(by('llm_requests_total', ['model']), { 'deepseek/deepseek-v3': 3, 'quote"d': 1 });
    });
  }
});

test('what nginx cannot know of a request it does not say: a body beyond its buffer is neither stream nor not', async (t) => {
  const simulator = await startSimulator(t);
  const nginx = await startGateway(t, simulator.url);
  // Started by root, nginx works as nobody, and a large body goes to a file in there.
  await chmod(nginx.folder, 0o755);
  const reading = await startExporter(t, [`--file=${join(nginx.folder, 'access.json')}`, '--provider=novita']);
  const large = JSON.stringify({
    model: 'm',
    stream: true,
    messages: [{ role: 'user', content: 'x'.repeat(2 * 1024 * 1024) }],
  });
  assert.equal(await post(`${nginx.url}/v1/chat/completions`, large), 200);
  assert.equal(await post(`${nginx.url}/v1/chat/completions`, '{"model":"m","messages":[]}'), 200);
  await eventually(async () => {
    const { by } = await reading.scrape();
    assert.deepEqual(by('llm_requests_total', ['model', 'stream']), { 'unknown unknown': 1, 'm false': 1 });
  });
});

test('nginx that gets no connection is told from nginx that is hung up on', async (t) => {
  const simulator = await startSimulator(t);
  const nginx = await startGateway(t, simulator.url);
  const reading = await startExporter(t, [`--file=${join(nginx.folder, 'access.json')}`, '--provider=novita']);
  for (const path of ['nobody-listens', 'hangs-up']) {
    assert.equal(await post(`${nginx.url}/${path}/v1/chat/completions`, '{"model":"m","messages":[]}'), 502);
  }
  await eventually(async () => {
    const { by } = await reading.scrape();
    assert.deepEqual(by('llm_requests_total', ['code', 'cause']), {
      '502 upstream_unreachable': 1,
      '502 upstream_bad_response': 1,
    });
  });
});
