import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bodyOf, headOf, openRequest, send } from '../support/proxy.ts';
import { startRetrying } from '../support/retrying-proxy.ts';
import { chatFrame, DONE_FRAME, openStream, readBody, startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m","stream":true}';

/** As Novita writes it. */
const OVERLOADED = '{"code":503,"reason":"MODEL_OVERLOADED","message":"The model is currently overloaded"}';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** Answers the tries of a request one after the other; the last answer is for all that follow. */
function inTurn(...answers: readonly ((response: ServerResponse, request: IncomingMessage) => void)[]): {
  readonly seen: Seen[];
  readonly handler: RequestListener;
} {
  const seen: Seen[] = [];
  const handler: RequestListener = async (request, response) => {
    const body = String(await readBody(request).catch(() => ''));
    const { method, url, rawHeaders, rawTrailers } = request;
    seen.push({ method, url, headers: rawHeaders, body, trailers: rawTrailers });
    (answers[seen.length - 1] ?? answers.at(-1))?.(response, request);
  };
  return { seen, handler };
}

const overloaded = (response: ServerResponse): void => void response.writeHead(503).end(OVERLOADED);
const fine = (response: ServerResponse): void => void response.end('fine');

test('a request that fails twice and then succeeds is one success, and three tries', async (t) => {
  const { seen, handler } = inTurn(overloaded, overloaded, fine);
  const upstream = await startUpstream(t, handler);
  const { port, sum, events, decisions, settled, store } = await startRetrying(t, upstream.url);
  const answer = await send(port, CHAT, { headers: { 'x-a': '1' } });
  assert.deepEqual([answer.statusCode, String(await bodyOf(answer))], [200, 'fine']);
  await settled(1);
  assert.deepEqual(
    events.map(({ code, attempt, final }) => [code, attempt, final]),
    [
      [503, 1, false],
      [503, 2, false],
      [200, 3, true],
    ],
  );
  assert.deepEqual(decisions, [
    ['model_overloaded', 'retried'],
    ['model_overloaded', 'retried'],
  ]);
  const [first, second, last] = events;
  assert.ok((last?.durationSeconds ?? 0) >= (first?.durationSeconds ?? 0) + (second?.durationSeconds ?? 0));
  assert.equal(new Set(seen.map((each) => JSON.stringify(each))).size, 1, 'every try is the same request');
  assert.deepEqual([sum('llm_requests_total'), sum('llm_attempts_total'), sum('llm_retries_total')], [1, 3, 2]);
  assert.equal(sum('llm_requests_total', { code: '200', cause: 'none', model: 'm' }), 1);
  assert.equal(sum('llm_attempts_total', { code: '503', cause: 'model_overloaded', model: 'm' }), 2);
  assert.equal(sum('llm_retries_total', { cause: 'model_overloaded', decision: 'retried', model: 'm' }), 2);
  store.collect();
  assert.deepEqual(
    store.samples('llm_requests_in_flight').map(({ value }) => value),
    [0],
  );
});

test('a streamed answer after a failed try comes as any other', async (t) => {
  const { handler } = inTurn(overloaded, (response) => {
    openStream(response).write(chatFrame('Hel'));
    response.end(chatFrame('lo') + DONE_FRAME);
  });
  const upstream = await startUpstream(t, handler);
  const { port, settled } = await startRetrying(t, upstream.url);
  const answer = await send(port, CHAT);
  assert.equal(String(await bodyOf(answer)), chatFrame('Hel') + chatFrame('lo') + DONE_FRAME);
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.attempt, event?.stream, event?.error], [200, 2, true, undefined]);
});

test('each try sends the same bytes, however the client sent them', async (t) => {
  const { seen, handler } = inTurn(overloaded, overloaded, fine);
  const upstream = await startUpstream(t, handler);
  const { port, settled } = await startRetrying(t, upstream.url);
  const text = `{"model":"m","messages":["${'€'.repeat(70_000)}"]}`;
  const pieces = [text.slice(0, 10), text.slice(10, 100_000), text.slice(100_000)];
  const requests = [
    { name: 'pieces', headers: { 'content-length': String(Buffer.byteLength(text)) }, pieces, trailers: {} },
    { name: 'chunks', headers: { trailer: 'x-end' }, pieces, trailers: { 'x-end': 'yes' } },
    { name: 'no chunks', headers: { 'transfer-encoding': 'chunked' }, pieces: [], trailers: {} },
    { name: 'nothing', headers: { 'content-length': '0' }, pieces: [], trailers: {} },
  ];
  for (const [at, { name, headers, pieces: written, trailers }] of requests.entries()) {
    seen.length = 0;
    const opened = openRequest(port, { headers });
    for (const piece of written) await new Promise((done) => opened.write(piece, done));
    opened.addTrailers(trailers);
    opened.end();
    assert.equal(String(await bodyOf(await headOf(opened))), 'fine', name);
    await settled(at + 1);
    assert.equal(seen.length, 3, name);
    assert.equal(seen[0]?.body, written.join(''), name);
    assert.equal(new Set(seen.map((each) => JSON.stringify(each))).size, 1, name);
  }
});

test('a GET is tried again without a body', async (t) => {
  const { seen, handler } = inTurn(overloaded, fine);
  const upstream = await startUpstream(t, handler);
  const { port } = await startRetrying(t, upstream.url);
  assert.equal(String(await bodyOf(await send(port, '', { method: 'GET', path: '/v1/models' }))), 'fine');
  assert.equal(new Set(seen.map((each) => JSON.stringify(each))).size, 1);
});

test('the last failure is passed on byte for byte, head and all', async (t) => {
  const headers = ['X-Twice', '1', 'x-twice', '2', 'Content-Encoding', 'gzip', 'Date', 'yesterday'];
  const body = gzipSync(OVERLOADED);
  const { seen, handler } = inTurn((response) => void response.writeHead(503, 'Too Much', headers).end(body));
  const upstream = await startUpstream(t, handler);
  for (const policy of [{ maxRetries: 1 }, { budgetRatio: 0 }, { deadlineMs: 0 }]) {
    const { port, decisions, settled } = await startRetrying(t, upstream.url, policy);
    const answer = await send(port, CHAT);
    assert.deepEqual([answer.statusCode, answer.statusMessage], [503, 'Too Much']);
    assert.deepEqual(answer.rawHeaders.slice(0, headers.length), headers);
    assert.deepEqual(await bodyOf(answer), body);
    const [event] = await settled(1);
    assert.equal(event?.error?.message, 'The model is currently overloaded');
    const last =
      'maxRetries' in policy ? 'attempts_exhausted' : 'budgetRatio' in policy ? 'budget_exhausted' : 'deadline';
    assert.deepEqual(decisions.at(-1), ['model_overloaded', last]);
  }
  assert.equal(seen.length, 4);
});

test('a connection that fails before there is an answer is tried again', async (t) => {
  const { handler } = inTurn(
    (_response, request) => request.socket.resetAndDestroy(),
    (_response, request) => request.socket.destroy(),
    fine,
  );
  const upstream = await startUpstream(t, handler);
  const { port, events, decisions, settled } = await startRetrying(t, upstream.url);
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'fine');
  await settled(1);
  assert.deepEqual(
    events.map(({ code, error }) => [code, error?.code]),
    [
      [502, 'ECONNRESET'],
      [502, 'closed_early'],
      [200, undefined],
    ],
  );
  assert.deepEqual(
    decisions.map(([, decision]) => decision),
    ['retried', 'retried'],
  );
});

test('an upstream that cannot be reached is tried again, and the last failure is ours to tell', async (t) => {
  // Nobody listens on port 1 (tcpmux) of the loopback interface.
  const { port, sum, decisions, settled } = await startRetrying(t, 'http://127.0.0.1:1');
  const answer = await send(port, CHAT);
  assert.equal(answer.statusCode, 502);
  assert.match(String(await bodyOf(answer)), /ECONNREFUSED/);
  const [event] = await settled(1);
  assert.deepEqual([event?.attempt, event?.origin, event?.phase], [3, 'network', 'connect']);
  assert.deepEqual(
    decisions.map(([, decision]) => decision),
    ['retried', 'retried', 'attempts_exhausted'],
  );
  assert.deepEqual([sum('llm_requests_total'), sum('llm_attempts_total')], [1, 3]);
});

test('an answer that breaks off while it is held back is tried again', async (t) => {
  const { handler } = inTurn((response, request) => {
    response.writeHead(503, { 'content-length': '1000' });
    response.write('{"error":', () => request.socket.destroy());
  }, fine);
  const upstream = await startUpstream(t, handler);
  const { port, events, settled } = await startRetrying(t, upstream.url);
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'fine');
  await settled(1);
  assert.deepEqual(
    events.map(({ code, attempt, final }) => [code, attempt, final]),
    [
      [503, 1, false],
      [200, 2, true],
    ],
  );
});

test('under a total outage, tries stay within a fifth more than requests', async (t) => {
  let tries = 0;
  const upstream = await startUpstream(t, (request, response) => {
    tries += 1;
    request.resume();
    overloaded(response);
  });
  const { port, sum, settled, decisions } = await startRetrying(t, upstream.url, { budgetRatio: 0.2 });
  for (let sent = 0; sent < 500; sent += 25) {
    await Promise.all(Array.from({ length: 25 }, async () => bodyOf(await send(port, CHAT))));
  }
  await settled(500);
  assert.ok(tries <= 600, `${tries} tries`);
  assert.ok(tries > 550, `${tries} tries: the budget is used`);
  assert.deepEqual([sum('llm_requests_total'), sum('llm_attempts_total')], [500, tries]);
  assert.equal(sum('llm_requests_total', { code: '503' }), 500);
  assert.equal(sum('llm_retries_total', { decision: 'retried' }), tries - 500);
  assert.equal(decisions.length, tries, 'every failed try led to one decision');
});
