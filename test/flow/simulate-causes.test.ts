import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { CAUSES, type Cause } from '../../src/classify/causes.ts';
import { startSimulator } from '../support/simulator.ts';

type Seen = number | 'reset' | 'cut' | 'silent';

/** What a client sees of each cause when it asks for a whole answer. */
const seenOf: Readonly<Record<Cause, Seen>> = {
  none: 200,
  invalid_request: 400,
  context_length_exceeded: 400,
  payload_too_large: 413,
  unsupported_feature: 400,
  auth_missing_key: 401,
  auth_invalid_key: 403,
  permission_denied: 403,
  identity_verification_required: 403,
  model_not_found: 404,
  content_filter: 400,
  insufficient_balance: 403,
  quota_exhausted: 429,
  rate_limit_rpm: 429,
  rate_limit_tpm: 429,
  rate_limit_daily: 429,
  rate_limit_concurrency: 429,
  rate_limit_unspecified: 429,
  request_exceeds_tpm: 429,
  upstream_rate_limited: 429,
  surge_protection: 503,
  model_overloaded: 503,
  model_loading: 503,
  model_engine_error: 500,
  downstream_dependency_failure: 503,
  internal_error: 500,
  service_unavailable: 503,
  upstream_timeout: 504,
  gateway_timeout_long_generation: 504,
  upstream_bad_response: 'reset',
  upstream_unreachable: 503,
  no_available_backend: 503,
  gateway_overload: 503,
  shed_by_exporter: 503,
  exporter_failed: 503,
  gateway_credentials_invalid: 401,
  stream_interrupted: 'cut',
  client_aborted: 'silent',
  blocked_by_waf: 403,
  unclassified: 418,
};
/** What a stream sees where that differs. */
const streamed: Partial<Record<Cause, Seen>> = { gateway_timeout_long_generation: 200 };

for (const cause of CAUSES) {
  for (const stream of [false, true]) {
    const expected = (stream ? streamed[cause] : undefined) ?? seenOf[cause];
    test(`${cause} shows as ${expected} to a client that asks for a ${stream ? 'stream' : 'whole answer'}`, async (t) => {
      const { url } = await startSimulator(t, { gatewayTimeoutMs: 1 });
      assert.equal(await seenBy(url, cause, stream), expected);
    });
  }
}

async function seenBy(url: string, cause: Cause, stream: boolean): Promise<Seen> {
  let response: Response;
  try {
    response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-simulate-cause': cause },
      body: JSON.stringify({ model: 'm', stream, max_tokens: 20 }),
      signal: cause === 'client_aborted' ? AbortSignal.timeout(100) : null,
    });
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'silent' : 'reset';
  }
  return response.text().then(
    () => response.status,
    () => (response.status === 200 ? 'cut' : 'reset'),
  );
}

test('a whole answer that takes longer than the gateway waits becomes nginx’s 504 page; a stream does not', async (t) => {
  const { url } = await startSimulator(t, { gatewayTimeoutMs: 20, tokensPerSecond: 200 });
  const ask = (stream: boolean) =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', max_tokens: 10, stream }),
    });
  const whole = await ask(false);
  assert.equal(whole.status, 504);
  assert.equal(whole.headers.get('server'), 'nginx');
  assert.match(await whole.text(), /<title>504 Gateway Time-out<\/title><\/head>\r\n/);
  const streamed = await ask(true);
  assert.equal(streamed.status, 200);
  assert.ok((await streamed.text()).endsWith('data: [DONE]\n\n'));
});

test('an interrupted stream has its first tokens and no end', async (t) => {
  const { url } = await startSimulator(t);
  // Not fetch: it drops what it has not handed over yet when the connection breaks.
  const request = httpRequest(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-simulate-cause': 'stream_interrupted,afterTokens=2' },
  });
  request.end(JSON.stringify({ model: 'm', stream: true, max_tokens: 20 }));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [error] = await once(response, 'error');
  assert.equal(error.code, 'ECONNRESET');
  const deltas = text.split('\n').filter((line) => line.startsWith('data: ') && !line.includes('"role"'));
  assert.equal(deltas.length, 2);
  assert.ok(!text.includes('[DONE]'));
});
