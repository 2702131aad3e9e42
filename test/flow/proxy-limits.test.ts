import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/clock.ts';
import { DEFAULT_TIMEOUTS } from '../../src/input/proxy/upstream/upstream.ts';
import { startCounting } from '../support/counting-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, openSocket, readToEnd, send, upstreamAt } from '../support/proxy.ts';
import { chatFrame, flood, openStream, readBody, startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m"}';

test('a client that stops in the middle of its body is told 408, and the upstream is let go', async (t) => {
  const clock = createManualClock();
  let received = 0;
  const upstream = await startUpstream(t, (request) => {
    request
      .on('error', () => undefined)
      .on('data', (chunk) => {
        received += chunk.length;
      });
  });
  const timeouts = { ...DEFAULT_TIMEOUTS, requestMs: 60_000 };
  const { port, settled, sum } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)], timeouts, clock });
  const slow = openRequest(port, { headers: { 'content-length': '1000' } });
  slow.write('{"model":"m","messages":"');
  await eventually(() => assert.equal(received, 25));
  // A piece now and then is enough.
  for (let piece = 0; piece < 4; piece += 1) {
    clock.advance(45_000);
    slow.write('x');
    await eventually(() => assert.equal(received, 26 + piece));
  }
  const answer = headOf(slow);
  await eventually(() => {
    clock.advance(15_000);
    return Promise.race([answer, Promise.reject(new Error('no answer yet'))]);
  });
  assert.equal((await answer).statusCode, 408);
  assert.match(String(await bodyOf(await answer)), /request_timeout/);
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.model], [408, 'client', 'm']);
  assert.equal(sum('llm_requests_total', { cause: 'client_aborted' }), 1);
  await eventually(() => assert.equal(upstream.sockets.size, 0));
});

test('a client that has to wait for the upstream is not slow', async (t) => {
  const clock = createManualClock();
  const { promise: ready, resolve: go } = Promise.withResolvers<void>();
  const upstream = await startUpstream(t, async (request, response) => {
    await ready;
    response.end(String((await readBody(request)).length));
  });
  const timeouts = { ...DEFAULT_TIMEOUTS, idleMs: 3_600_000, requestMs: 60_000 };
  const { port, settled } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)], timeouts, clock });
  const large = openRequest(port);
  const length = 64 * 1024 * 1024;
  const body = flood(large, length);
  await eventually(() => assert.equal(upstream.sockets.size, 1));
  await body.stalled();
  for (let quarter = 0; quarter < 12; quarter += 1) {
    clock.advance(15_000);
    // Where it only looked as if nothing moved any more, something does now, and is in time.
    await turn();
  }
  assert.ok(body.written() < length, 'it has to wait');
  go();
  const answer = await headOf(large);
  assert.equal(answer.statusCode, 200);
  assert.equal(String(await bodyOf(answer)), String(length));
  await settled(1);
});

test('an exchange that takes too long in all is answered 504, or cut where its answer has begun', async (t) => {
  const clock = createManualClock();
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/stream') openStream(response).write(chatFrame('Hel'));
  });
  const timeouts = { ...DEFAULT_TIMEOUTS, totalMs: 100_000 };
  const { port, settled, sum } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)], timeouts, clock });
  const streaming = await send(port, CHAT, { path: '/stream' });
  await once(streaming, 'readable');
  const waiting = openRequest(port);
  waiting.end(CHAT);
  await eventually(() => assert.equal(upstream.sockets.size, 2));
  clock.advance(99_999);
  const answer = headOf(waiting);
  clock.advance(1);
  assert.equal((await answer).statusCode, 504);
  assert.match(String(await bodyOf(await answer)), /total_timeout/);
  await assert.rejects(bodyOf(streaming));
  const events = await settled(2);
  assert.deepEqual(events.map(({ code, error }) => [code, error?.code]).sort(), [
    [200, 'total_timeout'],
    [504, 'total_timeout'],
  ]);
  assert.equal(sum('llm_requests_total', { code: '504', cause: 'upstream_timeout' }), 1);
  assert.equal(sum('llm_requests_total', { code: '200', cause: 'stream_interrupted' }), 1);
  await eventually(() => assert.equal(upstream.sockets.size, 0));
});

test('the limit of an exchange ends with it', async (t) => {
  const pending = new Set<object>();
  const clock: Clock = {
    ...systemClock,
    after(delayMs, task) {
      const timer = {};
      const cancel = systemClock.after(delayMs, task);
      if (delayMs === 100_000) pending.add(timer);
      return () => {
        pending.delete(timer);
        cancel();
      };
    },
  };
  const upstream = await startUpstream(t, (_request, response) => response.end('ok'));
  const timeouts = { ...DEFAULT_TIMEOUTS, totalMs: 100_000 };
  const { port, settled } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)], timeouts, clock });
  await bodyOf(await send(port, CHAT));
  await settled(1);
  assert.equal(pending.size, 0);
});

test('a request on one connection too many is told 503 and counted; as soon as there is room again it is served', async (t) => {
  const streams: ServerResponse[] = [];
  const upstream = await startUpstream(t, (_request, response) => {
    streams.push(openStream(response));
  });
  const options = { upstreams: [upstreamAt(upstream.url)], maxConnections: 2 };
  const { port, settled, sum } = await startCounting(t, options);
  const running = [await send(port, CHAT), await send(port, CHAT)];
  const refused = await send(port, CHAT);
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.headers['retry-after'], '1');
  assert.equal(refused.headers['x-llm-exporter-cause'], 'gateway_overload');
  assert.equal(refused.headers.connection, 'close');
  assert.match(String(await bodyOf(refused)), /too_many_connections/);

  for (const stream of streams) stream.end();
  for (const answer of running) await bodyOf(answer);
  await settled(3);
  const served = await eventually(async () => {
    const answer = await send(port, CHAT);
    assert.equal(answer.statusCode, 200);
    return answer;
  });
  streams.at(-1)?.end();
  await bodyOf(served);
  assert.ok(sum('llm_requests_total', { code: '503', cause: 'gateway_overload' }) >= 1);
});

test('an idle connection makes room for a new one', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('ok'));
  const options = { upstreams: [upstreamAt(upstream.url)], maxConnections: 1 };
  const { port, settled } = await startCounting(t, options);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  await bodyOf(await send(port, CHAT, { agent }));
  await settled(1);
  const answer = await send(port, CHAT);
  assert.equal(answer.statusCode, 200);
  await bodyOf(answer);
});

test('an idle connection is closed a second after what its client was told', async (t) => {
  const clock = createManualClock();
  const upstream = await startUpstream(t, (_request, response) => response.end('ok'));
  const { port, settled } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)], clock });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  let last: Socket | undefined;
  const ask = async (): Promise<void> => {
    const answer = await send(port, CHAT, { agent });
    assert.equal(answer.headers['keep-alive'], 'timeout=75');
    assert.ok(last === undefined || last === answer.socket);
    last = answer.socket;
    await bodyOf(answer);
  };
  await ask();
  await settled(1);
  clock.advance(75_999);
  await ask();
  await settled(2);
  clock.advance(75_999);
  assert.equal(last?.destroyed, false);
  clock.advance(1);
  await eventually(() => assert.equal(last?.destroyed, true));
});

test('far above the limit connections are closed unheard, and the others go on', async (t) => {
  const streams: ServerResponse[] = [];
  const upstream = await startUpstream(t, (_request, response) => {
    streams.push(openStream(response));
  });
  const options = { upstreams: [upstreamAt(upstream.url)], maxConnections: 1 };
  const { port, settled } = await startCounting(t, options);
  const running = await send(port, CHAT);
  const silent = await Promise.all(Array.from({ length: 256 }, () => openSocket(t, port)));
  const over = await openSocket(t, port);
  assert.equal(await readToEnd(over), '');
  assert.equal(silent.filter((socket) => socket.destroyed).length, 0);
  streams[0]?.end('done');
  assert.equal(String(await bodyOf(running)), 'done');
  await settled(1);
});
