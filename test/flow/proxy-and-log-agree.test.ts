import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
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
      location / {
        access_log access.json llm;
        proxy_pass ${upstream};
        proxy_http_version 1.1;
        proxy_buffering off;
      }`,
  });
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
