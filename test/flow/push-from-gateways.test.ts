import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startConfigured } from '../support/configured-exporter.ts';
import { tempDir } from '../support/temp-dir.ts';

async function startPush(t: TestContext, format?: string) {
  const push = { allow_anonymous: true, provider: 'novita', ...(format && { format }) };
  const exporter = await startConfigured(t, await tempDir(t), { push });
  const post = async (body: string, type = 'application/json') => {
    const headers = { 'Content-Type': type };
    const response = await fetch(`${exporter.webUrl}/v1/logs`, { method: 'POST', body, headers });
    return { status: response.status, json: await response.json() };
  };
  return { ...exporter, post };
}

/** The fields of LiteLLM's StandardLoggingPayload (https://docs.litellm.ai/docs/proxy/logging_spec) that matter, and some that do not. */
function payload(id: string, failure?: { readonly code: string; readonly type: string; readonly message: string }) {
  return {
    id,
    trace_id: 't1',
    call_type: 'acompletion',
    stream: false,
    status: failure === undefined ? 'success' : 'failure',
    prompt_tokens: failure === undefined ? 11 : 0,
    completion_tokens: failure === undefined ? 7 : 0,
    startTime: 1_793_000_000.5,
    endTime: 1_793_000_002.5,
    completionStartTime: 1_793_000_002.5,
    response_time: 2,
    model: 'deepseek/deepseek-v3',
    model_group: 'deepseek-v3',
    api_base: 'https://api.novita.ai/v3/openai',
    metadata: { user_api_key_hash: 'secret-hash', user_api_key_alias: null },
    messages: [{ role: 'user', content: 'secret "prompt" with ] and }' }],
    response: failure === undefined ? { choices: [{ message: { content: 'secret answer' } }] } : null,
    error_str: failure?.message ?? null,
    error_information:
      failure === undefined
        ? null
        : {
            error_code: failure.code,
            error_class: failure.type,
            llm_provider: 'novita',
            error_message: failure.message,
          },
    model_parameters: { stream: false },
  };
}

const OVERLOADED = { code: '503', type: 'ServiceUnavailableError', message: 'model is overloaded' };

for (const format of [undefined, 'litellm']) {
  test(`LiteLLM's webhook is counted in each of its formats, ${format ?? 'auto'}`, async (t) => {
    const { post, scrape } = await startPush(t, format);
    const all = [payload('a'), payload('b', OVERLOADED), payload('c')];
    // All three come as application/json (litellm/integrations/generic_api/generic_api_callback.py).
    const bodies = [
      JSON.stringify(all),
      all.map((one) => JSON.stringify(one)).join('\n'),
      JSON.stringify(payload('d')),
    ];
    for (const body of bodies) assert.equal((await post(body)).status, 200);
    const metrics = await scrape();
    assert.deepEqual(metrics.by('llm_requests_total', ['code']), { 200: 5, 503: 2 });
    assert.equal(metrics.sum('llm_tokens_total', { token_type: 'input' }), 55);
    assert.equal(metrics.sum('llm_exporter_source_rejected_total'), 0);
    assert.doesNotMatch(metrics.text, /secret/);
  });
}

test('an OTLP export in JSON is counted span by span, and spans of something else are filtered', async (t) => {
  const { post, scrape } = await startPush(t, 'otlp');
  const attributes = (values: Readonly<Record<string, string | number>>) =>
    Object.entries(values).map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
    }));
  const span = (values: Readonly<Record<string, string | number>>, status = {}) => ({
    traceId: '5b8efff798038103d269b633813fc60c',
    name: 'chat',
    startTimeUnixNano: '1793000000000000000',
    endTimeUnixNano: '1793000002500000000',
    attributes: attributes(values),
    status,
  });
  const genAi = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'deepseek-v3',
    'gen_ai.usage.input_tokens': 9,
  };
  const spans = [
    span(genAi),
    span({ ...genAi, 'error.type': '503' }, { code: 2, message: 'overloaded' }),
    span({ 'http.request.method': 'GET' }),
  ];
  const body = {
    resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: {}, spans }, { spans: [span(genAi)] }] }],
  };
  const { status, json } = await post(JSON.stringify(body, null, 2));
  assert.equal(status, 200);
  assert.partialDeepStrictEqual(json, { accepted: 3, filtered: 1, rejected: {} });
  assert.deepEqual((await scrape()).by('llm_requests_total', ['code']), { 200: 2, 503: 1 });
});

test('a line of a collector that holds several spans counts each', async (t) => {
  const { post, scrape } = await startPush(t, 'otlp');
  const span = {
    endTimeUnixNano: '1793000002500000000',
    attributes: [{ key: 'gen_ai.request.model', value: { stringValue: 'm1' } }],
  };
  const line = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span, span, span] }] }] });
  const { json } = await post(`${line}\n${line}\n`, 'application/x-ndjson');
  assert.partialDeepStrictEqual(json, { accepted: 6, filtered: 0 });
  const metrics = await scrape();
  assert.equal(metrics.sum('llm_exporter_source_lines_total', { source: 'push' }), 6);
  assert.equal(metrics.sum('llm_requests_total'), 6);
});
