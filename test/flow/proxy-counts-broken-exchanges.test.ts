import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, openSocket, readToEnd, send, startProxy } from '../support/proxy.ts';
import { chatFrame, DONE_FRAME, FINISH_FRAME, openStream, readBody, startUpstream } from '../support/upstream.ts';
import { startWire } from '../support/wire.ts';

const CHAT = '{"model":"m","stream":true}';

/** Nobody listens on port 1 (tcpmux) of the loopback interface, and no program is given it by chance. */
const NOWHERE = 'http://127.0.0.1:1';

test('an upstream that refuses the connection gives the client a 502 that says so', async (t) => {
  const { port, settled } = await startProxy(t, NOWHERE);
  const answer = await send(port, CHAT, { headers: { authorization: 'Bearer sk-1' } });
  assert.equal(answer.statusCode, 502);
  assert.equal(answer.headers['x-llm-exporter-origin'], 'exporter');
  const { error } = JSON.parse(String(await bodyOf(answer)));
  assert.equal(error.code, 'ECONNREFUSED');
  assert.equal(error.type, 'upstream_connection_error');
  const [event] = await settled(1);
  assert.equal(event?.code, 502);
  assert.equal(event?.origin, 'network');
  assert.equal(event?.phase, 'connect');
  assert.equal(event?.error?.code, 'ECONNREFUSED');
  assert.equal(event?.model, 'm', 'the model is known even so');
  assert.equal(event?.keyPresent, true);
});

test('a failure to connect is told at once, and counted when the client has sent its body or has had a second', async (t) => {
  const clock = createManualClock();
  const { port, sink, settled } = await startProxy(t, NOWHERE, { clock });
  const finished = openRequest(port);
  finished.write('{"model":"slow');
  assert.equal((await headOf(finished)).statusCode, 502);
  assert.equal(sink.live(), 1);
  finished.end('er"}');
  const [event] = await settled(1);
  assert.equal(event?.model, 'slower');

  const unfinished = openRequest(port);
  const told = headOf(unfinished);
  unfinished.write('{"model":"never');
  assert.equal((await told).headers.connection, 'close');
  assert.equal(sink.live(), 1);
  await eventually(() => {
    clock.advance(1000);
    assert.equal(sink.live(), 0);
  });
  unfinished.destroy();
  assert.equal((await settled(2))[1]?.model, undefined);
});

test('an upstream that speaks no TLS is a network failure with its code', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const { port, settled } = await startProxy(t, upstream.url.replace('http:', 'https:'));
  assert.equal((await send(port, CHAT)).statusCode, 502);
  const [event] = await settled(1);
  assert.equal(event?.origin, 'network');
  assert.equal(event?.phase, 'connect');
  assert.match(event?.error?.code ?? '', /SSL|EPROTO/);
});

test('an upstream that accepts and then says nothing is a 504 of the connect phase', async (t) => {
  const mute = await startWire(t);
  const { port, settled } = await startProxy(t, mute.url.replace('http:', 'https:'), {
    timeouts: { connectMs: 50, headersMs: 10_000, idleMs: 10_000 },
  });
  assert.equal((await send(port, CHAT)).statusCode, 504);
  const [event] = await settled(1);
  assert.deepEqual([event?.origin, event?.phase, event?.error?.code], ['network', 'connect', 'connect_timeout']);
});

test('headers that the upstream repeats are passed on, and the first of each is believed', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    const json = ['Content-Type', 'application/json', 'Content-Type', 'text/plain'];
    response.writeHead(429, [
      ...json,
      'Retry-After',
      '3',
      'Retry-After',
      '9',
      'X-Request-Id',
      'a',
      'X-Request-Id',
      'b',
    ]);
    response.end('{"error":{"message":"slow down","code":"rate_limit_exceeded"}}');
  });
  const { port, settled, logLines } = await startProxy(t, upstream.url);
  const answer = await send(port, CHAT);
  assert.deepEqual(answer.headersDistinct['retry-after'], ['3', '9']);
  await bodyOf(answer);
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.retryAfterSeconds, event?.requestId], [429, 3, 'a']);
  assert.equal(event?.error?.code, 'rate_limit_exceeded');
  assert.deepEqual(logLines, []);
});

test('a connection that is reset before the headers is a 502', async (t) => {
  const upstream = await startUpstream(t, async (request) => {
    await readBody(request);
    request.socket.resetAndDestroy();
  });
  const { port, settled } = await startProxy(t, upstream.url);
  assert.equal((await send(port, CHAT)).statusCode, 502);
  const [event] = await settled(1);
  assert.equal(event?.origin, 'network');
  assert.equal(event?.phase, 'headers');
  assert.equal(event?.error?.code, 'ECONNRESET');
});

test('an upstream that never answers is a 504 once the limit has passed', async (t) => {
  const upstream = await startUpstream(t, () => undefined);
  const { port, settled } = await startProxy(t, upstream.url, {
    timeouts: { connectMs: 10_000, headersMs: 50, idleMs: 10_000 },
  });
  const answer = await send(port, CHAT);
  assert.equal(answer.statusCode, 504);
  assert.equal(JSON.parse(String(await bodyOf(answer))).error.type, 'upstream_timeout');
  const [event] = await settled(1);
  assert.equal(event?.code, 504);
  assert.equal(event?.origin, 'network');
  assert.equal(event?.error?.code, 'headers_timeout');
});

test('a stream that falls silent is cut and counted with code 200 and the timeout', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => void openStream(response).write(chatFrame('Hel')));
  const { port, settled } = await startProxy(t, upstream.url, {
    timeouts: { connectMs: 10_000, headersMs: 10_000, idleMs: 50 },
  });
  await assert.rejects(bodyOf(await send(port, CHAT)));
  const [event] = await settled(1);
  assert.equal(event?.code, 200);
  assert.equal(event?.error?.code, 'idle_timeout');
});

test('a stream cut after its first tokens keeps code 200, has an error, and shows the client that it broke', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    openStream(response).write(chatFrame('Hel'), () => response.socket?.destroy());
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const answer = await send(port, CHAT);
  let received = '';
  answer.on('data', (chunk) => {
    received += String(chunk);
  });
  const [error]: unknown[] = await once(answer, 'error');
  assert.ok(error instanceof Error);
  assert.equal(received, chatFrame('Hel'), 'what had come is delivered');
  const [event] = await settled(1);
  assert.equal(event?.code, 200);
  assert.equal(event?.origin, 'network');
  assert.equal(event?.phase, 'stream');
  assert.equal(event?.error?.code, 'closed_early');
});

test('a slow client still gets all that had come before the cut', async (t) => {
  const SENT = 8 * 1024 * 1024;
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'content-length': SENT + 1 });
    response.write(Buffer.alloc(SENT, '.'), () => response.socket?.destroy());
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const socket = await openSocket(t, port);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    socket.pause();
    setImmediate(() => socket.resume());
  });
  socket.write('GET /v1/files/x HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'close');
  assert.equal(received.length - received.indexOf('\r\n\r\n') - 4, SENT);
  assert.equal((await settled(1))[0]?.code, 200);
});

test('a plain answer cut short of its length keeps its code and has an error', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100', 'content-type': 'application/json' });
    response.write('{"half":', () => response.socket?.destroy());
  });
  const { port, settled } = await startProxy(t, upstream.url);
  await assert.rejects(bodyOf(await send(port, CHAT)));
  const [event] = await settled(1);
  assert.equal(event?.code, 200);
  assert.equal(event?.origin, 'network');
  assert.equal(event?.phase, 'body');
  assert.ok(event?.error?.code);
});

test('an error frame inside a stream is the provider’s error behind a 200', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    openStream(response).write(chatFrame('Hel'));
    response.end(
      'data: {"error":{"message":"The engine is overloaded","type":"server_error","code":"overloaded"}}\n\ndata: [DONE]\n\n',
    );
  });
  const { port, settled } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, CHAT));
  const [event] = await settled(1);
  assert.equal(event?.code, 200);
  assert.equal(event?.origin, 'provider');
  assert.equal(event?.phase, 'stream');
  assert.equal(event?.error?.code, 'overloaded');
});

test('a 200 whose JSON is an error is the provider’s error', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"error":{"message":"busy","type":"server_error","code":"engine_busy"}}');
  });
  const { port, settled } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, '{"model":"m"}'));
  const [event] = await settled(1);
  assert.deepEqual(
    [event?.code, event?.origin, event?.phase, event?.error?.code],
    [200, 'provider', 'body', 'engine_busy'],
  );
});

test('a stream that closes politely without its end mark is an error', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => void openStream(response).end(chatFrame('Hel')));
  const { port, settled } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, CHAT));
  const [event] = await settled(1);
  assert.equal(event?.code, 200);
  assert.equal(event?.phase, 'stream');
  assert.equal(event?.error?.code, 'missing_terminal_event');
});

test('the end mark is only missed where the API documents one', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => void openStream(response).end('data: tick\n\n'));
  const { port, settled } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, '', { method: 'GET', path: '/v1/notifications' }));
  assert.equal((await settled(1))[0]?.error, undefined);
});

test('a client that leaves in mid-stream is 499, once, and the upstream hears of it at once', async (t) => {
  let upstreamClosed = false;
  const upstream = await startUpstream(t, (_request, response) => {
    openStream(response).write(chatFrame('Hel'));
    response.once('close', () => {
      upstreamClosed = true;
    });
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const request = openRequest(port);
  request.end(CHAT);
  const answer = await headOf(request);
  answer.on('error', () => undefined);
  await once(answer, 'data');
  request.destroy();
  await eventually(() => assert.ok(upstreamClosed));
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.phase, event?.error], [499, 'client', 'stream', undefined]);
});

test('a client that leaves before the headers is 499, and the upstream hears of it', async (t) => {
  let upstreamClosed = false;
  const upstream = await startUpstream(t, (_request, response) => {
    response.once('close', () => {
      upstreamClosed = true;
    });
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const request = openRequest(port);
  request.end(CHAT);
  await eventually(() => assert.equal(upstream.sockets.size, 1));
  request.destroy();
  await eventually(() => assert.ok(upstreamClosed || upstream.sockets.size === 0));
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin], [499, 'client']);
});

test('a client that leaves before there is a connection is not forwarded', async (t) => {
  const upstream = await startUpstream(t, () => undefined);
  const { port, settled } = await startProxy(t, upstream.url);
  for (let round = 1; round <= 5; round += 1) {
    const socket = await openSocket(t, port);
    socket.end('GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await settled(round)).at(-1)?.code, 499);
  }
  await eventually(() => assert.equal(upstream.sockets.size, 0, 'no request is left waiting at the upstream'));
});

test('a client that leaves after the end mark has got its answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    openStream(response).write(chatFrame('Hi') + FINISH_FRAME + DONE_FRAME);
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const request = openRequest(port);
  request.end(CHAT);
  const answer = await headOf(request);
  answer.on('error', () => undefined);
  let received = '';
  answer.on('data', (chunk) => {
    received += String(chunk);
  });
  await eventually(() => assert.ok(received.endsWith(DONE_FRAME)));
  request.destroy();
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.error], [200, undefined]);
});

test('an upstream that answers before it has read the upload does not cost the client its answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end('{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}');
  });
  // A client is heard out for a second, which does not pass here, however long the upload takes.
  const { port, settled } = await startProxy(t, upstream.url, { clock: createManualClock() });
  const request = openRequest(port);
  const uploaded = once(request, 'finish');
  request.end(Buffer.alloc(20_000_000, ' '));
  const answer = await headOf(request);
  assert.equal(answer.statusCode, 401);
  await uploaded;
  assert.match(String(await bodyOf(answer)), /Incorrect API key/);
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.error?.code], [401, 'provider', 'invalid_api_key']);
});

test('an early answer ends at once, whole, under a client that goes on sending', async (t) => {
  const clock = createManualClock();
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(413, { 'content-type': 'application/json' });
    response.write('{"error":');
    response.end('{"message":"too large"}}');
  });
  const { port, sink, settled } = await startProxy(t, upstream.url, { clock });
  const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n';
  for (const [connection, closes] of [
    ['close', true],
    ['keep-alive', false],
  ] as const) {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    t.after(() => socket.destroy());
    const errors: unknown[] = [];
    socket.on('error', (error) => errors.push(error));
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.write(`${head}Connection: ${connection}\r\n\r\n{"model":"sl`);
    await eventually(() => assert.match(answer, /^HTTP\/1\.1 413 .*too large.*\r\n0\r\n\r\n$/s));
    assert.equal(sink.live(), 1, 'the model is still awaited');
    const rest = 'ow"}'.padEnd(1000 - '{"model":"sl'.length);
    socket.write(rest.slice(0, 500));
    await eventually(() => assert.equal(socket.readableEnded, closes));
    socket.write(rest.slice(500));
    await eventually(() => assert.equal(sink.live(), 0));
    assert.deepEqual(errors, []);
  }
  const events = await settled(2);
  assert.deepEqual(
    events.map((event) => [event.code, event.model, event.durationSeconds]),
    [
      [413, 'slow', 0],
      [413, 'slow', 0],
    ],
  );
});

test('a client that never ends its upload is closed a second after its answer', async (t) => {
  const clock = createManualClock();
  const upstream = await startUpstream(t, (_request, response) => response.writeHead(401).end());
  const { port, sink, settled } = await startProxy(t, upstream.url, { clock });
  const socket = await openSocket(t, port);
  const closed = readToEnd(socket);
  socket.write('POST /v1/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\nx');
  await once(socket, 'data');
  const more = setInterval(() => socket.write('x'), 1);
  t.after(() => clearInterval(more));
  await eventually(() => {
    assert.ok(socket.readableEnded);
    clock.advance(1000);
    assert.equal(sink.live(), 0);
  });
  assert.match(await closed, /^HTTP\/1\.1 401 /);
  assert.equal((await settled(1))[0]?.code, 401);
});

test('error bodies are read through any content coding and passed on as they are', async (t) => {
  const body = Buffer.from('{"error":{"message":"slow down","type":"rate_limit","code":"rate_limit_exceeded"}}');
  const coded = { gzip: gzipSync(body), zstd: zstdCompressSync(body) };
  const upstream = await startUpstream(t, (request, response) => {
    const coding = request.url === '/gzip' ? 'gzip' : 'zstd';
    response.writeHead(429, { 'content-encoding': coding, 'retry-after': '7', 'x-request-id': 'req-1' });
    response.end(coded[coding]);
  });
  const { port, settled } = await startProxy(t, upstream.url);
  assert.ok((await bodyOf(await send(port, '{}', { path: '/gzip' }))).equals(coded.gzip));
  assert.ok((await bodyOf(await send(port, '{}', { path: '/zstd' }))).equals(coded.zstd));
  for (const event of await settled(2)) {
    assert.deepEqual([event.code, event.error?.code, event.origin], [429, 'rate_limit_exceeded', 'provider']);
    assert.deepEqual([event.retryAfterSeconds, event.requestId], [7, 'req-1']);
  }
});

test('a compressed stream is read too', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    response.end(
      gzipSync(`${chatFrame('Hi')}data: {"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n${DONE_FRAME}`),
    );
  });
  const { port, settled } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, CHAT));
  const [event] = await settled(1);
  assert.deepEqual([event?.error, event?.tokens?.input, event?.tokens?.output], [undefined, 3, 1]);
});

test('tokens of a plain answer are read from its end, however long it is', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ data: 'x'.repeat(500_000), usage: { prompt_tokens: 11, total_tokens: 11 } }));
  });
  const { port, settled } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, '{"model":"embed"}', { path: '/v1/embeddings' }));
  const [event] = await settled(1);
  assert.deepEqual([event?.tokens?.input, event?.model, event?.stream], [11, 'embed', false]);
});

test('an HTML error page is the edge’s, not the provider’s', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(503, { 'content-type': 'text/html' });
    response.end('<html><head><title>503 Service Temporarily Unavailable</title></head></html>');
  });
  const { port, settled } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, CHAT));
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.error?.shape], [503, 'edge', 'html']);
});

test('a request without a key, or with an empty one, says so', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const { port, settled } = await startProxy(t, upstream.url);
  for (const headers of [{}, { authorization: 'Bearer ' }, { 'x-api-key': 'k' }]) {
    await bodyOf(await send(port, '{}', { headers }));
  }
  assert.deepEqual(
    (await settled(3)).map((event) => event.keyPresent),
    [false, false, true],
  );
});

test('a pipelined request whose client leaves is counted like any other', async (t) => {
  const upstream = await startUpstream(t, () => undefined);
  const { port, settled } = await startProxy(t, upstream.url);
  const socket = await openSocket(t, port);
  socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => assert.equal(upstream.sockets.size, 1));
  const end = readToEnd(socket);
  socket.destroy();
  await end;
  assert.deepEqual(
    (await settled(2)).map((event) => event.code),
    [499, 499],
  );
});
