import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { FallbackPolicy } from '../../src/input/proxy/retry/policy.ts';
import { bodyOf, send } from '../support/proxy.ts';
import { startFallingBack } from '../support/retrying-proxy.ts';
import { readBody, startUpstream } from '../support/upstream.ts';

const CHAT = '{ "messages": [{"content": "é \\u00e9 1.0e1"}], "model": "big", "n": 1.0 }';

/** Two upstreams, and what each was asked. */
async function startTwo(t: TestContext, first: RequestListener, fallback: FallbackPolicy) {
  const asked = { first: [] as string[], other: [] as string[] };
  const note =
    (name: 'first' | 'other', answer: RequestListener): RequestListener =>
    async (request, response) => {
      asked[name].push(`${request.headers['content-length']} ${request.url} ${await readBody(request)}`);
      answer(request, response);
    };
  const one = await startUpstream(t, note('first', first));
  const two = await startUpstream(
    t,
    note('other', (_request, response) => void response.end('from the other')),
  );
  const urls = { first: one.url, other: `${two.url}/base` };
  return { ...(await startFallingBack(t, urls, { fallback })), asked };
}

const failing =
  (status: number, error: object, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(JSON.stringify({ error }));

const OVERLOADED = failing(503, { message: 'overloaded' }, { 'retry-after': '3600' });
const WRONG_KEY = failing(503, { message: 'Incorrect API key provided', code: 'invalid_api_key' });
const WITH_KEY = { headers: { authorization: 'Bearer k' } };
const ANY: ReadonlySet<string> = new Set();

const withLength = (path: string, body: string): string => `${Buffer.byteLength(body)} ${path} ${body}`;
const PATH = '/v1/chat/completions';

test('another upstream is asked the same, without the wait that the first asked for', async (t) => {
  const { port, asked, events, decisions, settled, sum } = await startTwo(t, OVERLOADED, {
    upstream: 'b',
    causes: ANY,
  });
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'from the other');
  await settled(1);
  assert.deepEqual(asked, { first: [withLength(PATH, CHAT)], other: [withLength(`/base${PATH}`, CHAT)] });
  assert.deepEqual(
    events.map(({ provider, model, code, final }) => [provider, model, code, final]),
    [
      ['first', 'big', 503, false],
      ['other', 'big', 200, true],
    ],
  );
  assert.deepEqual(decisions, [['model_overloaded', 'retried']]);
  assert.deepEqual([sum('llm_requests_total'), sum('llm_attempts_total')], [1, 2]);
  assert.equal(sum('llm_attempts_total', { provider: 'first', code: '503' }), 1);
});

test('another model is asked for in the same bytes but its name', async (t) => {
  let tries = 0;
  const first: RequestListener = (request, response) => {
    tries += 1;
    if (tries < 3) failing(503, { message: 'overloaded' })(request, response);
    else response.end('from the small one');
  };
  const { port, asked, events, settled } = await startTwo(t, first, { model: 'small "s"', causes: ANY });
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'from the small one');
  await settled(1);
  const small = CHAT.replace('"big"', '"small \\"s\\""');
  assert.deepEqual(asked, { first: [CHAT, small, small].map((body) => withLength(PATH, body)), other: [] });
  assert.deepEqual(
    events.map(({ model, code, attempt }) => [model, code, attempt]),
    [
      ['big', 503, 1],
      ['small "s"', 503, 2],
      ['small "s"', 200, 3],
    ],
  );
});

test('both at once', async (t) => {
  const { port, asked } = await startTwo(t, OVERLOADED, { upstream: 'b', model: 'small', causes: ANY });
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'from the other');
  assert.deepEqual(asked.other, [withLength(`/base${PATH}`, CHAT.replace('"big"', '"small"'))]);
});

test('a model that the path names is exchanged in the path, and stays so', async (t) => {
  let tries = 0;
  const first: RequestListener = (request, response) => {
    tries += 1;
    if (tries < 3) failing(503, { message: 'overloaded' })(request, response);
    else response.end('from the small one');
  };
  const { port, asked, events, settled } = await startTwo(t, first, { model: 'small', causes: ANY });
  const path = (model: string) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`;
  assert.equal(String(await bodyOf(await send(port, '{"contents":[]}', { path: path('big') }))), 'from the small one');
  await settled(1);
  assert.deepEqual(
    asked.first,
    ['big', 'small', 'small'].map((model) => withLength(path(model), '{"contents":[]}')),
  );
  assert.deepEqual(
    events.map(({ model }) => model),
    ['big', 'small', 'small'],
  );
});

test('a cause that is named is tried elsewhere although it cannot heal here', async (t) => {
  const named = new Set(['auth_invalid_key']);
  const { port, asked, decisions, settled } = await startTwo(t, WRONG_KEY, { upstream: 'b', causes: named });
  assert.equal(String(await bodyOf(await send(port, CHAT, WITH_KEY))), 'from the other');
  await settled(1);
  assert.deepEqual([asked.first.length, asked.other.length], [1, 1]);
  assert.deepEqual(decisions, [['auth_invalid_key', 'retried']]);
});

test('a cause that cannot heal goes nowhere unless it is named', async (t) => {
  const { port, asked, decisions, settled } = await startTwo(t, WRONG_KEY, { upstream: 'b', causes: ANY });
  assert.equal((await send(port, CHAT, WITH_KEY)).statusCode, 503);
  await settled(1);
  assert.deepEqual([asked.first.length, asked.other.length], [1, 0]);
  assert.deepEqual(decisions, [['auth_invalid_key', 'not_retryable']]);
});

test('what only a window heals is taken elsewhere without its end being known', async (t) => {
  const noQuota = failing(429, { message: 'You exceeded your current quota', code: 'insufficient_quota' });
  const { port, decisions, settled } = await startTwo(t, noQuota, { upstream: 'b', causes: ANY });
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'from the other');
  await settled(1);
  assert.deepEqual(decisions, [['quota_exhausted', 'retried']]);
});

test('with causes named, the others stay where they are', async (t) => {
  const overloaded = failing(503, { message: 'overloaded' });
  const named = new Set(['quota_exhausted']);
  const { port, asked, settled } = await startTwo(t, overloaded, { upstream: 'b', causes: named });
  assert.equal((await send(port, CHAT)).statusCode, 503);
  await settled(1);
  assert.deepEqual([asked.first.length, asked.other.length], [3, 0]);
});

test('the fallback is gone to once, and what it says of waiting counts there', async (t) => {
  const { port, asked, decisions, settled } = await startTwo(t, OVERLOADED, { model: 'small', causes: ANY });
  const answer = await send(port, CHAT);
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '3600']);
  await settled(1);
  assert.equal(asked.first.length, 2);
  assert.deepEqual(decisions, [
    ['model_overloaded', 'retried'],
    ['model_overloaded', 'deadline'],
  ]);
});

test('a body whose model cannot be exchanged is not taken elsewhere', async (t) => {
  const overloaded = failing(503, { message: 'overloaded' });
  const fallback = { upstream: 'b', model: 'small', causes: ANY };
  const { port, asked, settled, logLines } = await startTwo(t, overloaded, fallback);
  const body = '{"model":"big","model":"big"}';
  assert.equal((await send(port, body)).statusCode, 503);
  await settled(1);
  assert.deepEqual(asked, { first: [body, body, body].map((each) => withLength(PATH, each)), other: [] });
  // Once for all of them, and neither path nor body is in it.
  const form = '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nbig\r\n--B--\r\n';
  await bodyOf(
    await send(port, form, {
      path: '/v1/audio/transcriptions',
      headers: { 'content-type': 'multipart/form-data; boundary=B' },
    }),
  );
  await settled(2);
  assert.equal(asked.other.length, 0);
  assert.equal(logLines.length, 1);
  assert.match(logLines[0] ?? '', /level=warn msg="a fallback is passed over.* upstream=a model=small/);
  assert.doesNotMatch(logLines[0] ?? '', /big|completions/);
});
