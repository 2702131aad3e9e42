import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { openSocket, startProxy, upstreamAt } from '../support/proxy.ts';
import { readBody, startUpstream } from '../support/upstream.ts';

const UPLOAD = 'Host: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';

test('a client that asks first is told to send its body', async (t) => {
  const upstream = await startUpstream(t, async (request, response) => response.end(await readBody(request)));
  const { port, settled } = await startProxy(t, upstream.url);
  const socket = await openSocket(t, port);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.write(`POST /v1/files HTTP/1.1\r\n${UPLOAD}`);
  await eventually(() => assert.equal(received, 'HTTP/1.1 100 Continue\r\n\r\n'));
  socket.write('hello');
  await eventually(() => assert.match(received, /HTTP\/1\.1 200 OK\r\n.*hello/s));
  assert.equal((await settled(1))[0]?.code, 200);
});

for (const [what, path, status] of [
  ['no upstream takes', '/nowhere', 404],
  ['is too large', '/v1/files', 413],
] as const)
  test(`what ${what} is refused before its body is sent (RFC 9110 section 10.1.1)`, async (t) => {
    const upstream = await startUpstream(t, (_request, response) => response.end('never'));
    const match = { pathPrefix: '/v1' };
    const { port, settled } = await startProxy(t, upstream.url, {
      upstreams: [upstreamAt(upstream.url, { match })],
      maxRequestBytes: 4,
    });
    const socket = await openSocket(t, port);
    socket.write(`POST ${path} HTTP/1.1\r\n${UPLOAD}`);
    const chunks: unknown[] = await socket.toArray();
    assert.match(chunks.join(''), new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal((await settled(1))[0]?.code, status);
  });
