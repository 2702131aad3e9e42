import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, openSocket, readToEnd, send, startProxy, upstreamAt } from '../support/proxy.ts';
import { chatFrame, DONE_FRAME, type Flood, flood, openStream, startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m","stream":true}';

test('a drain lets a running stream finish and refuses what comes after it', async (t) => {
  let stream: ServerResponse | undefined;
  const upstream = await startUpstream(t, (_request, response) => {
    stream = openStream(response);
    stream.write(chatFrame('Hel'));
  });
  const { proxy, port, settled } = await startProxy(t, upstream.url);
  const late = await openSocket(t, port);
  late.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n');
  const answer = await send(port, CHAT);
  await once(answer, 'readable');

  const drained = proxy.drain(600_000);
  const refusal = readToEnd(late);
  late.write('Content-Length: 0\r\n\r\n');
  assert.match(await refusal, /^HTTP\/1\.1 503 .*retry-after: \d+\r\n.*connection: close\r\n.*"code":"draining"/is);
  await assert.rejects(send(port, CHAT), { code: 'ECONNREFUSED' });

  stream?.end(DONE_FRAME);
  assert.equal(String(await bodyOf(answer)), chatFrame('Hel') + DONE_FRAME);
  await drained;
  const [refused, finished] = await settled(2);
  assert.deepEqual(
    [refused?.code, refused?.origin, refused?.error?.code, refused?.attempt],
    [503, 'exporter', 'draining', 0],
  );
  assert.deepEqual([finished?.code, finished?.error], [200, undefined]);
});

test('what is left at the drain deadline is cut, answered where possible, and counted', async (t) => {
  const clock = createManualClock();
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/stream') openStream(response).write(chatFrame('Hel'));
  });
  const { proxy, port, settled, logLines } = await startProxy(t, upstream.url, { clock });
  const streaming = await send(port, CHAT, { path: '/stream' });
  const waiting = openRequest(port, { path: '/waiting' });
  waiting.end(CHAT);
  await eventually(() => assert.equal(upstream.sockets.size, 2));
  const drained = proxy.drain(5000);
  const cut = assert.rejects(bodyOf(streaming));
  clock.advance(5000);
  const answer = await headOf(waiting);
  assert.equal(answer.statusCode, 503);
  assert.match(String(await bodyOf(answer)), /drain_deadline/);
  await cut;
  await drained;
  const events = await settled(2);
  const byCode = events.toSorted((a, b) => a.code - b.code);
  assert.deepEqual(
    byCode.map((event) => [event.code, event.origin, event.error?.code]),
    [
      [200, 'exporter', 'drain_deadline'],
      [503, 'exporter', 'drain_deadline'],
    ],
  );
  assert.match(logLines.join(''), /level=warn msg="the time to drain is over: what is left is cut" requests=2\n/);
});

test('a client that does not read cannot hold up the end of a drain', async (t) => {
  const clock = createManualClock();
  let answered: Flood | undefined;
  const upstream = await startUpstream(t, (_request, response) => {
    answered = flood(response, 64 * 1024 * 1024);
  });
  const { proxy, port, settled } = await startProxy(t, upstream.url, { clock });
  const answer = await send(port, CHAT);
  answer.pause().on('error', () => undefined);
  await answered?.stalled();
  const drained = proxy.drain(5000);
  clock.advance(5000);
  await drained;
  assert.equal((await settled(1))[0]?.code, 200);
});

test('a drain does not wait for a body that is still being unpacked, nor for a client that lingers', async (t) => {
  const clock = createManualClock();
  // Gzip members one behind the other are one body: a gigabyte in a megabyte.
  const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, ':'));
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/early') return void response.writeHead(401).end();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    for (let member = 0; member < 30; member += 1) response.write(bomb);
    response.end();
  });
  const { proxy, port, sink, settled } = await startProxy(t, upstream.url, { clock });
  const lingering = openRequest(port, { path: '/early', headers: { 'content-length': '1000' } });
  lingering.write('x');
  await headOf(lingering);
  await bodyOf(await send(port, CHAT));
  const drained = proxy.drain(5000);
  clock.advance(5000);
  assert.equal(sink.live(), 0, 'both are counted at the deadline itself');
  await drained;
  assert.deepEqual((await settled(2)).map((event) => event.code).sort(), [200, 401]);
});

test('closing during a drain cuts the rest at once, and each request is still counted once', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => void openStream(response).write(chatFrame('Hel')));
  const { proxy, port, settled } = await startProxy(t, upstream.url);
  const answer = await send(port, CHAT);
  const cut = assert.rejects(bodyOf(answer));
  const drained = proxy.drain(600_000);
  await proxy.close();
  await drained;
  await cut;
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.phase], [200, 'exporter', 'stream']);
});

test('a new upstream takes new requests while the running one finishes on the old', async (t) => {
  let stream: ServerResponse | undefined;
  const kept = 600_000;
  const old = await startUpstream(
    t,
    (_request, response) => {
      stream = openStream(response);
    },
    kept,
  );
  const next = await startUpstream(t, (_request, response) => response.end('next'));
  // Neither side closes what is idle: no time passes for the one, and the other keeps it for long.
  const { proxy, port, settled } = await startProxy(t, old.url, { clock: createManualClock() });
  const running = await send(port, CHAT);
  proxy.reconfigure({ upstreams: [{ name: 'fake', target: { url: next.url, provider: 'other' } }] });
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'next');
  stream?.end(DONE_FRAME);
  assert.equal(String(await bodyOf(running)), DONE_FRAME);
  const events = await settled(2);
  assert.deepEqual(
    events.map((event) => event.provider),
    ['other', 'fake'],
  );
  await eventually(() => assert.equal(old.sockets.size, 0, 'closed at once, not when idle for long'));
});

test('a port in use is an error of listen', async (t) => {
  const { port } = await startProxy(t, 'http://127.0.0.1:1');
  const other = await startProxy(t, 'http://127.0.0.1:1');
  await other.proxy.close();
  const { createProxy } = await import('../../src/input/proxy/proxy.ts');
  const { systemClock } = await import('../../src/clock.ts');
  const { createLog } = await import('../../src/log.ts');
  const { sink } = other;
  const upstreams = [upstreamAt('http://127.0.0.1:1')];
  const second = createProxy({ upstreams, sink, clock: systemClock, log: createLog({ write: () => undefined }) });
  await assert.rejects(second.listen({ host: '127.0.0.1', port }), { code: 'EADDRINUSE' });
  await second.close();
});
