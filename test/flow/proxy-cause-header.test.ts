import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startCounting } from '../support/counting-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, send, upstreamAt } from '../support/proxy.ts';
import { chatFrame, DONE_FRAME, openStream, startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m"}';
const CAUSE = 'x-llm-exporter-cause';
const TPM = JSON.stringify({
  error: { message: 'Rate limit reached on tokens per min (TPM)', code: 'rate_limit_exceeded' },
});
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:1';

/** The causes that requests were counted with. */
const causes = (store: Awaited<ReturnType<typeof startCounting>>['store']): string[] =>
  store.samples('llm_requests_total').flatMap(({ labels, value }) => (value > 0 ? [labels.cause] : []));

test('an answer of our own always says its cause, in the header as in the body, and is counted with it', async (t) => {
  const { port, store, settled } = await startCounting(t, { upstreams: [upstreamAt(NOWHERE)] });
  const answer = await send(port, CHAT);
  assert.equal(answer.statusCode, 502);
  assert.equal(answer.headers[CAUSE], 'upstream_unreachable');
  const { error } = JSON.parse(String(await bodyOf(answer)));
  assert.equal(error.cause, 'upstream_unreachable');
  await settled(1);
  assert.deepEqual(causes(store), ['upstream_unreachable']);
});

test('an error of the upstream says its cause when that is switched on, whole, coded or empty, and is else untouched', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    const headers = { 'content-type': 'application/json', 'x-own': 'kept', [CAUSE]: 'of-another-exporter' };
    if (request.url === '/gzip') response.writeHead(429, { ...headers, 'content-encoding': 'gzip' }).end(gzipSync(TPM));
    else if (request.url === '/empty') response.writeHead(401, headers).end();
    else response.writeHead(429, headers).end(TPM);
  });
  const on = await startCounting(t, { upstreams: [upstreamAt(upstream.url)], hasCauseHeader: true });
  for (const [path, cause, body] of [
    ['/plain', 'rate_limit_tpm', Buffer.from(TPM)],
    ['/gzip', 'rate_limit_tpm', gzipSync(TPM)],
    ['/empty', 'auth_missing_key', Buffer.alloc(0)],
  ] as const) {
    const answer = await send(on.port, CHAT, { path });
    assert.equal(answer.headers[CAUSE], cause, path);
    assert.equal(answer.headers['x-own'], 'kept');
    assert.deepEqual(await bodyOf(answer), body);
  }
  await on.settled(3);
  assert.deepEqual(causes(on.store).sort(), ['auth_missing_key', 'rate_limit_tpm']);

  const off = await startCounting(t, { upstreams: [upstreamAt(upstream.url)] });
  const answer = await send(off.port, CHAT);
  assert.equal(answer.headers[CAUSE], 'of-another-exporter');
  assert.equal(String(await bodyOf(answer)), TPM);
});

test('successes, streams and errors that are streams do not wait for their end', async (t) => {
  const streams: ServerResponse[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/error') response.writeHead(503, { 'content-type': 'text/event-stream' });
    else openStream(response);
    response.write(chatFrame('Hel'));
    streams.push(response);
  });
  // Its time stands still: who waits here, waits for ever.
  const options = { upstreams: [upstreamAt(upstream.url)], hasCauseHeader: true, clock: createManualClock() };
  const { port, settled } = await startCounting(t, options);
  for (const path of ['/stream', '/error']) {
    const answer = await send(port, CHAT, { path });
    assert.equal(answer.headers[CAUSE], undefined, 'the head is here while the stream goes on');
    streams.at(-1)?.end(DONE_FRAME);
    assert.equal(String(await bodyOf(answer)), chatFrame('Hel') + DONE_FRAME);
  }
  await settled(2);
});

test('an error whose body is long or slow passes without the header', async (t) => {
  const clock = createManualClock();
  const answers: ServerResponse[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    response.writeHead(500, { 'content-type': 'text/plain' });
    if (request.url === '/long') response.end('x'.repeat(200_000));
    else {
      response.write('slow');
      answers.push(response);
    }
  });
  const options = { upstreams: [upstreamAt(upstream.url)], hasCauseHeader: true, clock };
  const { port, settled } = await startCounting(t, options);
  const long = await send(port, CHAT, { path: '/long' });
  assert.equal(long.headers[CAUSE], undefined);
  assert.equal((await bodyOf(long)).length, 200_000);

  const waiting = send(port, CHAT, { path: '/slow' });
  await eventually(() => assert.equal(answers.length, 1));
  const slow = await eventually(() => {
    clock.advance(1000);
    return Promise.race([waiting, Promise.reject(new Error('no head yet'))]);
  });
  assert.equal(slow.headers[CAUSE], undefined);
  answers[0]?.end(', but whole');
  assert.equal(String(await bodyOf(slow)), 'slow, but whole');
  await settled(2);
});

test('an error that breaks off while it is held reaches the client as far as it came, and is cut', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(503, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });
  const { port, settled } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)], hasCauseHeader: true });
  const answer = await send(port, CHAT);
  assert.equal(answer.statusCode, 503);
  await assert.rejects(bodyOf(answer));
  assert.equal((await settled(1))[0]?.code, 503);
});

test('a client that leaves while its error is held is one 499', async (t) => {
  const clock = createManualClock();
  let asked = 0;
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(503).write('half');
    asked += 1;
  });
  const options = { upstreams: [upstreamAt(upstream.url)], hasCauseHeader: true, clock };
  const { port, settled } = await startCounting(t, options);
  const leaving = openRequest(port);
  leaving.end(CHAT);
  await eventually(() => assert.equal(asked, 1));
  leaving.destroy();
  const [event] = await settled(1);
  clock.advance(5000);
  assert.equal(event?.code, 499);
  await eventually(() => assert.equal(upstream.sockets.size, 0));
});

test('a proxy that stops answers for an error that is still held', async (t) => {
  const clock = createManualClock();
  let asked = 0;
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(500).write('half', () => {
      asked += 1;
    });
  });
  const options = { upstreams: [upstreamAt(upstream.url)], hasCauseHeader: true, clock };
  const { port, proxy, settled } = await startCounting(t, options);
  const waiting = openRequest(port);
  waiting.end(CHAT);
  await eventually(() => assert.equal(asked, 1));
  const drained = proxy.drain(500);
  const answer = headOf(waiting);
  clock.advance(500);
  assert.deepEqual([(await answer).statusCode, (await answer).headers[CAUSE]], [503, 'gateway_overload']);
  clock.advance(5000);
  await bodyOf(await answer);
  await drained;
  assert.equal((await settled(1))[0]?.error?.code, 'drain_deadline');
});

test('clients raise the error class that they would raise for the API, with our message', async (t) => {
  const { url, settled } = await startCounting(t, {
    upstreams: [upstreamAt(NOWHERE, { match: { pathPrefix: '/up' } })],
  });
  const openai = new OpenAI({ apiKey: 'sk-x', baseURL: `${url}/v1`, maxRetries: 0 });
  const anthropic = new Anthropic({ apiKey: 'sk-x', baseURL: url, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'hi' }];
  await assert.rejects(openai.chat.completions.create({ model: 'm', messages }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, 'no_upstream');
    assert.match(error.message, /no upstream for this request/);
    return true;
  });
  await assert.rejects(anthropic.messages.create({ model: 'm', max_tokens: 1, messages }), (error) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.deepEqual(Object.keys(Object(error.error)).sort(), ['error', 'type']);
    assert.match(error.message, /not_found_error.*no upstream for this request/);
    return true;
  });
  const unreachable = new Anthropic({ apiKey: 'sk-x', baseURL: `${url}/up`, maxRetries: 0 });
  await assert.rejects(unreachable.messages.create({ model: 'm', max_tokens: 1, messages }), (error) => {
    assert.ok(error instanceof Anthropic.InternalServerError);
    assert.match(error.message, /502.*api_error/);
    return true;
  });
  const events = await settled(3);
  assert.deepEqual(
    events.map(({ code, error }) => [code, error?.code]),
    [
      [404, 'no_upstream'],
      [404, 'no_upstream'],
      [502, 'ECONNREFUSED'],
    ],
  );
});
