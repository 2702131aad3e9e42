import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TIMEOUTS } from '../../src/input/proxy/upstream/upstream.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, openSocket, readToEnd, send, startProxy } from '../support/proxy.ts';
import { readBody, startUpstream } from '../support/upstream.ts';

test('garbage is answered with 400 and counted', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const { port, settled } = await startProxy(t, upstream.url);
  const socket = await openSocket(t, port);
  const answer = readToEnd(socket);
  socket.write('\u0016\u0003\u0001 this is no HTTP\r\n\r\n');
  assert.match(
    await answer,
    /^HTTP\/1\.1 400 Bad Request\r\n.*x-llm-exporter-origin: exporter.*"code":"malformed_request"/s,
  );
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.attempt], [400, 'client', 0]);
  assert.equal(event?.error?.code, 'malformed_request');
  assert.equal((await send(port)).statusCode, 200, 'other clients are served');
});

test('a header bomb is answered with 431 and counted, however long it goes on', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  // The client is heard out for a second, which does not pass here, however long it takes to send.
  const clock = createManualClock();
  const { port, settled } = await startProxy(t, upstream.url, { maxHeaderBytes: 16 * 1024, clock });
  const socket = await openSocket(t, port);
  const answer = readToEnd(socket);
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${'X-Bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(20_000)}`);
  assert.match(await answer, /^HTTP\/1\.1 431 .*\r\ndate: \w{3}, .*larger than 16384 bytes.*headers_too_large/is);
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.error?.code], [431, 'client', 'headers_too_large']);
});

test('a client that is slow with its headers is told 408, and one that sends nothing is no request', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const clock = createManualClock();
  const timeouts = { ...DEFAULT_TIMEOUTS, requestMs: 100 };
  const { port, settled } = await startProxy(t, upstream.url, { timeouts, clock });
  const idle = readToEnd(await openSocket(t, port));
  const slow = await openSocket(t, port);
  const answer = readToEnd(slow);
  slow.write('POST / HTTP/1.1\r\nHost');
  // What came before this one has been read when it is answered.
  await bodyOf(await send(port));
  for (let step = 0; step < 10; step += 1) clock.advance(25);
  assert.match(await answer, /^HTTP\/1\.1 408 /);
  assert.equal(await idle, '');
  const [, event] = await settled(2);
  assert.deepEqual([event?.code, event?.origin], [408, 'client']);
});

test('many small headers within the bound all pass', async (t) => {
  let headers = 0;
  const upstream = await startUpstream(t, (request, response) => {
    headers = request.rawHeaders.filter((name) => name === 'a').length;
    response.end();
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const socket = await openSocket(t, port);
  const answer = readToEnd(socket);
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'a: b\r\n'.repeat(2500)}\r\n`);
  await answer;
  assert.equal(headers, 2500);
  assert.equal((await settled(1))[0]?.code, 200);
});

test('a chunked body that breaks its framing ends that request with 400, counted once', async (t) => {
  const upstream = await startUpstream(t, async (request, response) => {
    await readBody(request);
    response.end();
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const socket = await openSocket(t, port);
  const answer = readToEnd(socket);
  socket.write(
    'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZZ\r\n',
  );
  assert.match(await answer, /^HTTP\/1\.1 400 .*a chunk has no size/s);
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.error?.code], [400, 'client', 'malformed_request']);
});

test('a request followed by rubbish still gets its answer', async (t) => {
  const upstream = await startUpstream(t, async (request, response) => {
    await readBody(request);
    response.end('the answer');
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const socket = await openSocket(t, port);
  const answer = readToEnd(socket);
  socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}{"more":true}\r\n');
  assert.match(await answer, /^HTTP\/1\.1 200 OK.*the answer.*HTTP\/1\.1 400 Bad Request/s);
  assert.deepEqual(
    (await settled(2)).map(({ code }) => code),
    [200, 400],
  );
});

test('a request without Host, one about no path and a tunnel are refused and counted', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const { port, settled } = await startProxy(t, upstream.url);
  for (const [head, status] of [
    ['GET / HTTP/1.1\r\nConnection: close\r\n', 400],
    ['OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n', 400],
    ['CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n', 501],
  ] as const) {
    const socket = await openSocket(t, port);
    const answer = readToEnd(socket);
    socket.write(`${head}\r\n`);
    socket.end();
    assert.match(await answer, new RegExp(`^HTTP/1.1 ${status} `), head);
  }
  const events = await settled(3);
  assert.deepEqual(
    events.map((event) => event.code),
    [400, 400, 501],
  );
  assert.deepEqual(
    events.map((event) => event.attempt),
    [0, 0, 0],
  );
});

test('a body above the configured bound is refused with 413, announced or not', async (t) => {
  const upstream = await startUpstream(t, async (request, response) => {
    await readBody(request);
    response.end();
  });
  const { port, settled } = await startProxy(t, upstream.url, { maxRequestBytes: 1000 });
  const announced = await send(port, 'x'.repeat(1001));
  assert.equal(announced.statusCode, 413);
  await bodyOf(announced);
  const chunked = openRequest(port);
  chunked.write('x'.repeat(600));
  chunked.write('x'.repeat(600));
  chunked.end();
  const answer = await headOf(chunked);
  assert.equal(answer.statusCode, 413);
  await bodyOf(answer);
  assert.equal((await send(port, 'x'.repeat(1000))).statusCode, 200);
  const events = await settled(3);
  assert.deepEqual(
    events.map((event) => [event.code, event.error?.code]),
    [
      [413, 'request_too_large'],
      [413, 'request_too_large'],
      [200, undefined],
    ],
  );
});
