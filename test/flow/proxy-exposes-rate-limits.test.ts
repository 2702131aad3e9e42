import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { startUpstream } from '../support/upstream.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

test('what answers tell of rate limits is in the next scrape, and names the limit that refused', async (t) => {
  const resetMs = Date.now() + 600_000;
  const answers = [
    {
      status: 200,
      headers: {
        'X-RateLimit-Limit-Requests': '60',
        'X-RateLimit-Remaining-Requests': '59',
        'X-RateLimit-Reset-Requests': '6m0s',
        'x-ratelimit-limit-tokens': '200000',
        'x-ratelimit-remaining-tokens': '53',
        'x-ratelimit-reset-tokens': new Date(resetMs).toISOString(),
      },
      body: '{"choices":[]}',
    },
    {
      status: 429,
      headers: { 'x-ratelimit-limit-tokens': '200000', 'x-ratelimit-remaining-tokens': '-27', 'retry-after-ms': '90' },
      body: '{"error":{"message":"Rate limit exceeded"}}',
    },
    { status: 429, headers: { 'x-amzn-errortype': 'ServiceQuotaExceededException:http://x/' }, body: '{}' },
  ];
  const upstream = await startUpstream(t, (request, response) => {
    request.resume();
    request.on('end', () => {
      const { status, headers, body } = answers.shift() ?? { status: 500, headers: {}, body: '' };
      response.writeHead(status, { ...JSON_TYPE, ...headers });
      response.end(body);
    });
  });
  const { proxyUrl, scrape } = await startExporter(t, ['--upstream', upstream.url, '--provider=azure']);
  const ask = async () => {
    const body = JSON.stringify({ model: 'm1', messages: [] });
    const answer = await fetch(`${proxyUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: JSON_TYPE,
      body,
    });
    await answer.text();
  };
  const counted = (requests: number) =>
    eventually(async () => {
      const now = await scrape();
      assert.equal(now.sum('llm_requests_total'), requests);
      return now;
    });

  await ask();
  const first = await counted(1);
  assert.deepEqual(first.by('llm_rate_limit_limit', ['provider', 'model', 'resource']), {
    'azure m1 requests': 60,
    'azure m1 tokens': 200_000,
  });
  assert.deepEqual(first.by('llm_rate_limit_remaining', ['resource']), { requests: 59, tokens: 53 });
  const resets = first.by('llm_rate_limit_reset_timestamp_seconds', ['resource']);
  assert.ok(Math.abs((resets.tokens ?? 0) - resetMs / 1000) < 1, 'the reset is the moment that was named');

  await ask();
  const second = await counted(2);
  assert.deepEqual(second.by('llm_rate_limit_remaining', ['resource']), { requests: 59 });
  assert.equal(
    second.samples.find(({ name, labels }) => name === 'llm_rate_limit_remaining' && labels.resource === 'tokens')
      ?.value,
    0,
  );
  assert.equal(second.sum('llm_requests_total', { code: '429', cause: 'rate_limit_tpm' }), 1);
  assert.equal(second.sum('llm_classifications_total', { basis: 'header' }), 1);

  await ask();
  assert.equal((await counted(3)).sum('llm_requests_total', { cause: 'quota_exhausted' }), 1);
});
