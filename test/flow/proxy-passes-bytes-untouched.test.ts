import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { bodyOf, headOf, openRequest, openSocket, readToEnd, send, startProxy } from '../support/proxy.ts';
import { readBody, startUpstream } from '../support/upstream.ts';
import { startWire } from '../support/wire.ts';

test('method, path, query, odd headers and body reach the upstream byte for byte', async (t) => {
  let seen: IncomingMessage | undefined;
  let body: Buffer = Buffer.alloc(0);
  const upstream = await startUpstream(t, async (request, response) => {
    seen = request;
    body = await readBody(request);
    response.end();
  });
  const { port, settled } = await startProxy(t, `${upstream.url}/base/`);
  const sent = randomBytes(200_000);
  const socket = await openSocket(t, port);
  const answer = readToEnd(socket);
  socket.write(
    'PATCH /v1/../%7Ea//b;c?x=1&x=%20&y=%C3%A4 HTTP/1.1\r\nHost: wrong.example\r\nX-Twice: one\r\naCCept-eNcoding: gzip, br\r\n' +
      'X-Empty:\r\nx-twice:  two \r\nX-Latin: caf\u00e9\r\nCookie: a=1\r\nCookie: b=2\r\nX-Hop: gone\r\nTE: trailers\r\n' +
      `Keep-Alive: timeout=5\r\nConnection: close, x-hop\r\nContent-Length: ${sent.length}\r\n\r\n`,
    'latin1',
  );
  socket.write(sent);
  assert.match(await answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(seen?.method, 'PATCH');
  assert.equal(seen?.url, '/base/v1/../%7Ea//b;c?x=1&x=%20&y=%C3%A4');
  assert.deepEqual(
    seen?.rawHeaders.filter((_, at, all) => !/^connection$/i.test(all[at - (at % 2)] ?? '')),
    [
      ['host', `127.0.0.1:${upstream.port}`],
      ['X-Twice', 'one'],
      ['aCCept-eNcoding', 'gzip, br'],
      ['X-Empty', ''],
      ['x-twice', 'two'],
      ['X-Latin', 'caf\u00e9'],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
      ['Content-Length', String(sent.length)],
    ].flat(),
  );
  assert.ok(body.equals(sent));
  assert.equal((await settled(1))[0]?.code, 200);
});

for (const [framing, body] of [
  ['content-length: 2', 'ok'],
  ['transfer-encoding: chunked', '2\r\nok\r\n0\r\n\r\n'],
] as const) {
  test(`a head that goes out before its body is the same bytes (${framing})`, async (t) => {
    const latin = 'caf\u00e9 \u00ff';
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\n/);
      socket.write(`HTTP/1.1 200 ${latin}\r\nX-Latin: ${latin}\r\n${framing}\r\n\r\n`, 'latin1');
    });
    const goOn = () => wire.connections[0]?.socket.end(body);
    const { port, settled } = await startProxy(t, wire.url);
    const socket = await openSocket(t, port);
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (text.indexOf('\r\n\r\n') === text.length - 4) goOn();
    });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await settled(1);
    await eventually(() => assert.ok(text.includes('ok')));
    assert.ok(text.startsWith(`HTTP/1.1 200 ${latin}\r\nX-Latin: ${latin}\r\n`), text);
  });
}

test('status, reason phrase, repeated headers, their order and case, and the body reach the client untouched', async (t) => {
  const body = randomBytes(150_000);
  const upstream = await startUpstream(t, (_request, response) => {
    response.sendDate = false;
    response.writeHead(418, Buffer.from('Petite Théière 短').toString('latin1'), [
      'Set-Cookie',
      'a=1',
      'X-ODD-case',
      '1',
      'set-cookie',
      'b=2',
      'X-Latin',
      'caf\u00e9',
      'Connection',
      'x-hop',
      'X-Hop',
      'gone',
    ]);
    response.end(body);
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const answer = await send(port, '{}');
  assert.equal(answer.statusCode, 418);
  assert.equal(Buffer.from(answer.statusMessage ?? '', 'latin1').toString(), 'Petite Théière 短');
  assert.deepEqual(answer.rawHeaders.slice(0, 8), [
    'Set-Cookie',
    'a=1',
    'X-ODD-case',
    '1',
    'set-cookie',
    'b=2',
    'X-Latin',
    'caf\u00e9',
  ]);
  assert.equal(answer.headers['x-hop'], undefined);
  assert.equal(answer.headers.date, undefined, 'no header is added');
  assert.ok((await bodyOf(answer)).equals(body));
  assert.equal((await settled(1))[0]?.code, 418);
});

test('a chunked request arrives whole, and so do the trailers of an answer', async (t) => {
  let body = '';
  const upstream = await startUpstream(t, async (request, response) => {
    body = (await readBody(request)).toString();
    response.writeHead(200, { trailer: 'X-Sum, X-Cost' });
    response.write('part');
    response.addTrailers({ 'X-Sum': 'abc', 'X-Cost': '7' });
    response.end();
  });
  const { port } = await startProxy(t, upstream.url);
  const request = openRequest(port);
  for (const part of ['{"model"', ':"m"', '}']) request.write(part);
  request.end();
  const answer = await headOf(request);
  assert.equal((await bodyOf(answer)).toString(), 'part');
  assert.equal(answer.headers.trailer, 'X-Sum, X-Cost');
  assert.deepEqual(answer.rawTrailers, ['X-Sum', 'abc', 'X-Cost', '7']);
  assert.equal(body, '{"model":"m"}');
});

test('an announcement of trailers is dropped where none can follow, and the answer passes', async (t) => {
  const wire = await startWire(t, ({ socket }) => {
    socket.on('data', (head: Buffer) => {
      const isSized = head.includes('/sized');
      const framing = isSized ? 'Content-Length: 2' : 'Transfer-Encoding: chunked';
      const body = isSized ? 'ok' : '2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n';
      socket.write(`HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n${framing}\r\n\r\n${body}`);
    });
  });
  const { port, settled } = await startProxy(t, wire.url);
  for (const line of ['GET /sized HTTP/1.1', 'GET /chunked HTTP/1.0']) {
    const socket = await openSocket(t, port);
    const answer = readToEnd(socket);
    socket.write(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const text = await answer;
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s, line);
    assert.doesNotMatch(text, /trailer/i);
  }
  assert.deepEqual(
    (await settled(2)).map((event) => event.code),
    [200, 200],
  );
});

test('HEAD, 204 and 304 pass without a body and keep the connection usable', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '1234' });
    else response.writeHead(request.url === '/304' ? 304 : 204, { etag: '"x"' });
    response.end();
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const head = await send(port, '', { method: 'HEAD', path: '/head' });
  assert.equal(head.headers['content-length'], '1234');
  assert.equal((await bodyOf(head)).length, 0);
  for (const [path, status] of [
    ['/304', 304],
    ['/204', 204],
  ] as const) {
    const answer = await send(port, '', { method: 'GET', path });
    assert.equal(answer.statusCode, status);
    assert.equal(answer.headers.etag, '"x"');
    assert.equal(answer.headers['transfer-encoding'], undefined);
    await bodyOf(answer);
  }
  const codes = (await settled(3)).map((event) => event.code);
  assert.deepEqual(codes, [200, 304, 204]);
});

test('a client that expects 100-continue is told to go on and its body arrives', async (t) => {
  let seen: IncomingMessage | undefined;
  let body = '';
  const upstream = await startUpstream(t, async (request, response) => {
    seen = request;
    body = (await readBody(request)).toString();
    response.end('ok');
  });
  const { port } = await startProxy(t, upstream.url);
  const request = openRequest(port, { headers: { expect: '100-continue', 'content-length': '7' } });
  request.on('continue', () => request.end('{"a":1}'));
  request.flushHeaders();
  assert.equal((await bodyOf(await headOf(request))).toString(), 'ok');
  assert.equal(body, '{"a":1}');
  assert.equal(seen?.headers.expect, undefined);
});

test('an absolute request target is forwarded by its path', async (t) => {
  let url: string | undefined;
  const upstream = await startUpstream(t, (request, response) => {
    url = request.url;
    response.end();
  });
  const { port } = await startProxy(t, upstream.url);
  await bodyOf(await send(port, '', { method: 'GET', path: 'http://elsewhere.example/v1/models?x=1' }));
  assert.equal(url, '/v1/models?x=1');
});

for (const hasLength of [true, false]) {
  test(`answers that pass at once keep apart, though nobody takes them yet (${hasLength ? 'sized' : 'chunked'})`, async (t) => {
    const length = 14_000_000;
    const upstream = await startUpstream(t, (request, response) => {
      if (hasLength) response.setHeader('content-length', length);
      response.write(Buffer.alloc(length, request.url?.slice(-7)));
      response.end();
    });
    const { port } = await startProxy(t, upstream.url);
    const paths = Array.from({ length: 6 }, (_, at) => `/${String(at).repeat(3)}${'abcdef'.slice(at)}${at}`);
    const answers = await Promise.all(paths.map((path) => send(port, '', { method: 'GET', path })));
    for (const [at, answer] of answers.entries()) {
      const body = await bodyOf(answer);
      assert.ok(body.equals(Buffer.alloc(length, paths[at]?.slice(-7))), `the answer to ${paths[at]} is another`);
    }
  });
}
