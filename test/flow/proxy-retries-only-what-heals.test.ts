import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { RetryPolicy } from '../../src/input/proxy/retry/policy.ts';
import { MAX_HELD_ANSWER_BYTES, MAX_HOLD_MS } from '../../src/input/proxy/retry/screen.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, send } from '../support/proxy.ts';
import { startRetrying } from '../support/retrying-proxy.ts';
import { chatFrame, openStream, startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m","stream":true}';

async function startCounting(t: TestContext, handler: RequestListener, policy: Partial<RetryPolicy> = {}) {
  let tries = 0;
  const upstream = await startUpstream(t, (request, response) => {
    tries += 1;
    request.resume();
    handler(request, response);
  });
  return { ...(await startRetrying(t, upstream.url, policy)), tries: () => tries };
}

const overloaded = (response: ServerResponse): void => void response.writeHead(503).end('{"message":"overloaded"}');

test('causes that cannot heal are passed on at once', async (t) => {
  const quota =
    '{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}';
  const badKey =
    '{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}';
  const daily =
    '{"error":{"message":"Limit reached on requests per day (RPD): Limit 200","type":"requests","code":"rate_limit_exceeded"}}';
  const cases: readonly (readonly [status: number, body: string, headers: Record<string, string>, cause: string])[] = [
    [429, quota, {}, 'quota_exhausted'],
    [503, badKey, {}, 'auth_invalid_key'],
    [429, daily, {}, 'rate_limit_daily'],
    [503, '{"error":{"message":"overloaded"}}', { 'x-should-retry': 'false' }, 'model_overloaded'],
  ];
  for (const [status, body, headers, cause] of cases) {
    const answers: RequestListener = (_request, response) => void response.writeHead(status, headers).end(body);
    const { port, tries, decisions, settled } = await startCounting(t, answers);
    const answer = await send(port, CHAT, { headers: { authorization: 'Bearer k' } });
    assert.deepEqual([answer.statusCode, String(await bodyOf(answer))], [status, body]);
    await settled(1);
    assert.deepEqual([tries(), decisions], [1, [[cause, 'not_retryable']]]);
  }
});

test('a status that is not on the list is no matter for a decision', async (t) => {
  for (const status of [200, 400, 401, 500]) {
    const { port, tries, decisions, settled } = await startCounting(t, (_request, response) => {
      response.writeHead(status).end('{"error":{"message":"x","code":"invalid_api_key"}}');
    });
    await bodyOf(await send(port, CHAT));
    await settled(1);
    assert.deepEqual([tries(), decisions], [1, []], String(status));
  }
});

test('nothing is tried again once the client has had a byte', async (t) => {
  const { port, tries, decisions, settled } = await startCounting(t, (request, response) => {
    openStream(response).write(chatFrame('Hel'), () => request.socket.destroy());
  });
  const answer = await send(port, CHAT);
  await assert.rejects(bodyOf(answer));
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.attempt, event?.phase], [200, 1, 'stream']);
  assert.deepEqual([tries(), decisions], [1, []]);
});

test('a 1xx is no answer: it is passed on, and what comes behind it is tried again', async (t) => {
  for (const inform of ['writeProcessing', 'writeContinue'] as const) {
    const { port, tries, decisions, settled } = await startCounting(t, (_request, response) => {
      response[inform]();
      if (tries() < 2) overloaded(response);
      else response.end('fine');
    });
    const opened = openRequest(port);
    let informed = 0;
    opened.on('information', () => {
      informed += 1;
    });
    opened.end(CHAT);
    assert.equal(String(await bodyOf(await headOf(opened))), 'fine');
    await settled(1);
    assert.deepEqual([informed, tries(), decisions], [2, 2, [['model_overloaded', 'retried']]], inform);
  }
});

test('a body that is too large to hold is sent once', async (t) => {
  const { port, tries, decisions, settled } = await startCounting(t, (_request, response) => overloaded(response), {
    maxHeldBodyBytes: CHAT.length - 1,
  });
  assert.equal((await send(port, CHAT)).statusCode, 503);
  const chunked = openRequest(port);
  chunked.write(CHAT.slice(0, 5));
  chunked.end(CHAT.slice(5));
  assert.equal((await headOf(chunked)).statusCode, 503);
  await settled(2);
  assert.equal(tries(), 2);
  assert.deepEqual(
    decisions.map(([, decision]) => decision),
    ['not_retryable', 'not_retryable'],
  );
});

test('a body that is still on its way is sent once', async (t) => {
  const { port, tries, decisions, settled } = await startCounting(t, (_request, response) => overloaded(response));
  const opened = openRequest(port, { headers: { 'content-length': String(CHAT.length) } });
  opened.write(CHAT.slice(0, 5));
  const answer = await headOf(opened);
  assert.equal(answer.statusCode, 503);
  await bodyOf(answer);
  opened.end(CHAT.slice(5));
  await settled(1);
  assert.deepEqual([tries(), decisions.map(([, decision]) => decision)], [1, ['not_retryable']]);
});

test('an error that is too long to hold is passed on whole', async (t) => {
  const body = `{"message":"overloaded ${'x'.repeat(MAX_HELD_ANSWER_BYTES)}"}`;
  const { port, tries, decisions, settled } = await startCounting(t, (_request, response) => {
    response.writeHead(503);
    response.write(body.slice(0, 1000));
    response.end(body.slice(1000));
  });
  const answer = await send(port, CHAT);
  assert.equal(answer.statusCode, 503);
  assert.equal(String(await bodyOf(answer)), body);
  await settled(1);
  assert.deepEqual([tries(), decisions.map(([, decision]) => decision)], [1, ['not_retryable']]);
});

test('an error that is slow to end is passed on as it comes', async (t) => {
  const clock = createManualClock();
  let response: ServerResponse | undefined;
  const upstream = await startUpstream(t, (request, opened) => {
    request.resume();
    response = opened;
    opened.writeHead(503).write('{"message":');
  });
  const { port, decisions, settled } = await startRetrying(t, upstream.url, {}, { clock });
  const opened = openRequest(port);
  opened.end(CHAT);
  const head = headOf(opened);
  let isHere = false;
  void head.then(() => {
    isHere = true;
  });
  const answer = await eventually(() => {
    clock.advance(MAX_HOLD_MS / 10);
    assert.ok(isHere);
    return head;
  });
  assert.equal(answer.statusCode, 503);
  const [first] = await once(answer, 'data');
  response?.end('"overloaded"}');
  assert.equal(String(first) + String(await bodyOf(answer)), '{"message":"overloaded"}');
  await settled(1);
  assert.deepEqual(
    decisions.map(([, decision]) => decision),
    ['not_retryable'],
  );
});

test('silence is not tried again: the work may still be going on', async (t) => {
  const clock = createManualClock();
  let isAsked = false;
  const silent = await startUpstream(t, (request) => {
    isAsked = true;
    request.resume();
  });
  const timed = await startRetrying(t, silent.url, {}, { clock });
  const opened = openRequest(timed.port);
  opened.end(CHAT);
  const head = headOf(opened);
  let isHere = false;
  void head.then(() => {
    isHere = true;
  });
  // Not before: a connection that takes its time would run into a timeout of its own, which is tried again.
  await eventually(() => assert.ok(isAsked));
  await eventually(() => {
    clock.advance(600_000);
    assert.ok(isHere);
  });
  assert.equal((await head).statusCode, 504);
  await timed.settled(1);
  assert.deepEqual(timed.decisions, [['upstream_timeout', 'not_retryable']]);
});
