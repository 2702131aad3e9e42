import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { KeySource } from '../../src/input/proxy/routing/api-key.ts';
import type { RouteSpec } from '../../src/input/proxy/routing/route.ts';
import { startCounting } from '../support/counting-proxy.ts';
import { bodyOf, send } from '../support/proxy.ts';
import { AT_ONCE } from '../support/retrying-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m"}';
const WRONG_KEY = JSON.stringify({ error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } });
const KEYS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'];

/** An API that refuses every key, and tells what it was sent. */
async function startStrictUpstream(t: TestContext) {
  const seen: IncomingMessage[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    seen.push(request);
    response.writeHead(401, { 'content-type': 'application/json' }).end(WRONG_KEY);
  });
  /** The key headers of the last request, as they were written. */
  const lastKeys = (): string[] => {
    const { rawHeaders = [] } = seen.at(-1) ?? {};
    return rawHeaders.filter((_, at) => KEYS.includes((rawHeaders[at - (at % 2)] ?? '').toLowerCase()));
  };
  return { url: upstream.url, seen, lastKeys };
}

const keyed = (url: string, key: KeySource, provider = 'acme'): RouteSpec => ({
  name: 'a',
  target: { url, provider },
  key,
});

test('a key is set for a client that sends none, and for no other', async (t) => {
  const { url, lastKeys } = await startStrictUpstream(t);
  const { port, settled, logLines } = await startCounting(t, { upstreams: [keyed(url, { value: 'sk-ours' })] });
  for (const [headers, keys] of [
    [{}, ['authorization', 'Bearer sk-ours']],
    [{ authorization: 'Bearer ' }, ['authorization', 'Bearer sk-ours']],
    [{ 'X-Api-Key': '' }, ['authorization', 'Bearer sk-ours']],
    [{ Authorization: 'Bearer sk-client' }, ['Authorization', 'Bearer sk-client']],
    [{ 'x-api-key': 'sk-client' }, ['x-api-key', 'sk-client']],
    [{ 'Api-Key': 'sk-client' }, ['Api-Key', 'sk-client']],
  ] as const) {
    const answer = await send(port, CHAT, { headers });
    assert.deepEqual(lastKeys(), keys);
    assert.doesNotMatch(`${JSON.stringify(answer.headers)}${await bodyOf(answer)}`, /sk-ours/);
  }
  const answer = await send(port, CHAT, { path: '/v1beta/models/m:generateContent?key=of-the-client' });
  await bodyOf(answer);
  assert.deepEqual(lastKeys(), []);
  const events = await settled(7);
  assert.deepEqual(
    events.map(({ keyPresent, ownKey }) => [keyPresent, ownKey]),
    [...Array(3).fill([false, true]), ...Array(4).fill([true, false])],
    'an event says what the client sent',
  );
  assert.deepEqual(logLines, []);
});

test('a key of ours that is refused is the fault of the gateway; a client without a key is told so only where there is none', async (t) => {
  const { url } = await startStrictUpstream(t);
  const ours = await startCounting(t, { upstreams: [keyed(url, { value: 'sk-ours' })], hasCauseHeader: true });
  const cause = async (port: number, headers = {}) => {
    const answer = await send(port, CHAT, { headers });
    await bodyOf(answer);
    return answer.headers['x-llm-exporter-cause'];
  };
  assert.equal(await cause(ours.port), 'gateway_credentials_invalid');
  assert.equal(await cause(ours.port, { authorization: 'Bearer sk-client' }), 'auth_invalid_key');
  await ours.settled(2);
  assert.equal(ours.sum('llm_requests_total', { cause: 'gateway_credentials_invalid' }), 1);
  assert.equal(ours.sum('llm_requests_total', { cause: 'auth_missing_key' }), 0);

  const none = await startCounting(t, {
    upstreams: [{ name: 'a', target: { url, provider: 'acme' } }],
    hasCauseHeader: true,
  });
  assert.equal(await cause(none.port), 'auth_missing_key');
});

test('the real clients, told of no key, go out with ours in the place that their API reads', async (t) => {
  const { url, lastKeys } = await startStrictUpstream(t);
  const proxy = await startCounting(t, { upstreams: [keyed(url, { value: 'sk-ours' }, 'anthropic')] });
  const openai = new OpenAI({
    apiKey: 'required',
    defaultHeaders: { authorization: null },
    baseURL: `${proxy.url}/v1`,
    maxRetries: 0,
  });
  const anthropic = new Anthropic({
    apiKey: 'required',
    defaultHeaders: { authorization: null },
    baseURL: proxy.url,
    maxRetries: 0,
  });
  const messages = [{ role: 'user' as const, content: 'hi' }];
  await assert.rejects(openai.chat.completions.create({ model: 'm', messages }), OpenAI.AuthenticationError);
  assert.deepEqual(lastKeys(), ['authorization', 'Bearer sk-ours']);
  await assert.rejects(
    anthropic.messages.create({ model: 'm', max_tokens: 1, messages }),
    Anthropic.AuthenticationError,
  );
  assert.deepEqual(lastKeys(), ['x-api-key', 'sk-ours']);
});

test('a key file is read again when it has changed, and by a reload', async (t) => {
  const { url, lastKeys } = await startStrictUpstream(t);
  const dir = await tempDir(t);
  const [first, second] = [join(dir, 'first'), join(dir, 'second')];
  await writeFile(first, 'sk-1\n');
  await writeFile(second, 'sk-2\r\n');
  const { port, proxy } = await startCounting(t, { upstreams: [keyed(url, { file: first })] });
  await bodyOf(await send(port, CHAT));
  assert.deepEqual(lastKeys(), ['authorization', 'Bearer sk-1']);
  proxy.reconfigure({ upstreams: [keyed(url, { file: second })] });
  await bodyOf(await send(port, CHAT));
  assert.deepEqual(lastKeys(), ['authorization', 'Bearer sk-2']);
});

test('a request that falls back goes out with the key of the other API, where that has one', async (t) => {
  const failing = await startUpstream(t, (_request, response) => void response.writeHead(503).end());
  const { url, lastKeys } = await startStrictUpstream(t);
  const retry = { ...AT_ONCE, fallback: { upstream: 'b', causes: new Set<string>() } };
  const first: RouteSpec = { name: 'a', target: { url: failing.url, provider: 'first' }, retry };
  const second: RouteSpec = { name: 'b', target: { url, provider: 'second' }, key: { value: 'sk-second' } };
  const { port, proxy, settled } = await startCounting(t, { upstreams: [first, second] });
  const headers = { authorization: 'Bearer sk-for-first' };
  await bodyOf(await send(port, CHAT, { headers }));
  assert.deepEqual(lastKeys(), ['authorization', 'Bearer sk-second']);
  assert.equal((await settled(1))[0]?.ownKey, true);

  proxy.reconfigure({ upstreams: [first, { ...second, key: undefined }] });
  await bodyOf(await send(port, CHAT, { headers }));
  assert.deepEqual(lastKeys(), ['authorization', 'Bearer sk-for-first']);
});

/** Everything that a client can prove itself with, and what stands around it. */
const CREDENTIALS = {
  Authorization: 'Bearer of-the-client',
  'X-Api-Key': 'of-the-client',
  'api-key': 'of-the-client',
  'x-goog-api-key': 'of-the-client',
  Cookie: 'session=of-the-client',
  'Proxy-Authorization': 'Basic of-the-client',
  'OpenAI-Organization': 'org-of-the-client',
  'OpenAI-Project': 'proj-of-the-client',
  'X-Amz-Security-Token': 'of-the-client',
};
const OTHERS = { 'X-Before': '1', 'anthropic-version': '2023-06-01', 'OpenAI-Beta': 'x' };
const QUERY =
  '?alt=sse&key=of-the-client&%6bey=of-the-client&q=a%20b&q&api_key=of-the-client&api-key=of-the-client&monkey=z&=';

/** One upstream that fails and one that a request falls back to; what the second was sent. */
async function startFalling(t: TestContext, secondKey?: KeySource) {
  const failing = await startUpstream(t, (_request, response) => void response.writeHead(503).end());
  const seen: IncomingMessage[] = [];
  const other = await startUpstream(t, (request, response) => {
    seen.push(request);
    request.resume();
    response.end('{}');
  });
  const retry = { ...AT_ONCE, fallback: { upstream: 'b', causes: new Set<string>() } };
  const first: RouteSpec = { name: 'a', target: { url: failing.url, provider: 'first' }, retry };
  const second: RouteSpec = { name: 'b', target: { url: `${other.url}/base`, provider: 'second' }, key: secondKey };
  return { ...(await startCounting(t, { upstreams: [first, second] })), seen };
}

test('nothing that a client proves itself with goes to another API that has a key of its own', async (t) => {
  const dir = await tempDir(t);
  const empty = join(dir, 'empty');
  await writeFile(empty, '');
  // A key that cannot be read just now is no reason to send another one.
  for (const [key, sent] of [
    [{ value: 'sk-second' }, ['authorization', 'Bearer sk-second']],
    [{ file: empty }, []],
  ] as const) {
    const { port, seen } = await startFalling(t, key);
    const headers = { ...OTHERS, ...CREDENTIALS };
    await bodyOf(await send(port, CHAT, { path: `/v1beta/models/g:generateContent${QUERY}`, headers }));
    const [{ url = '', rawHeaders = [] } = {}, ...more] = seen;
    assert.equal(more.length, 0);
    assert.equal(url, '/base/v1beta/models/g:generateContent?alt=sse&q=a%20b&q&monkey=z&=');
    assert.doesNotMatch(rawHeaders.join('\n'), /of-the-client/);
    assert.deepEqual(rawHeaders.slice(-sent.length || rawHeaders.length), sent);
    assert.ok(Object.keys(OTHERS).every((name) => rawHeaders.includes(name)));
  }
});

test("where the other API has none, the client's key goes there, and its sessions do not", async (t) => {
  const { port, seen } = await startFalling(t);
  await bodyOf(await send(port, CHAT, { path: `/v1/chat/completions${QUERY}`, headers: CREDENTIALS }));
  const [{ url = '', headers = {} } = {}] = seen;
  assert.equal(url, `/base/v1/chat/completions${QUERY}`);
  assert.deepEqual(
    [
      headers.authorization,
      headers['x-api-key'],
      headers['openai-project'],
      headers.cookie,
      headers['proxy-authorization'],
    ],
    ['Bearer of-the-client', 'of-the-client', 'proj-of-the-client', undefined, undefined],
  );
});

test('at home a client with a key of its own is passed on as it is; beside our key it has none, and keeps the rest', async (t) => {
  const { url, seen } = await startStrictUpstream(t);
  const { port } = await startCounting(t, { upstreams: [keyed(url, { value: 'sk-ours' })] });
  await bodyOf(await send(port, CHAT, { path: `/v1/models/g:generateContent${QUERY}`, headers: CREDENTIALS }));
  assert.equal(seen[0]?.url, `/v1/models/g:generateContent${QUERY}`);
  const { rawHeaders = [] } = seen[0] ?? {};
  const pairs = Object.entries(CREDENTIALS).flat();
  assert.deepEqual(rawHeaders.slice(2, 2 + pairs.length), pairs);

  await bodyOf(
    await send(port, CHAT, {
      path: '/v1/models?key=&limit=1&api_key=x',
      headers: { Cookie: 'a=b', 'OpenAI-Project': 'p' },
    }),
  );
  assert.equal(seen[1]?.url, '/v1/models?key=&limit=1&api_key=x');
  const { authorization, cookie, 'openai-project': project } = seen[1]?.headers ?? {};
  assert.deepEqual([authorization, cookie, project], ['Bearer sk-ours', 'a=b', 'p']);
});
