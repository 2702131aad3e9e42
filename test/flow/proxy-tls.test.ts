import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as requestOf } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { connect as connectTls, createServer as createSecureServer, type TLSSocket } from 'node:tls';
import { eventually } from '../support/eventually.ts';
import { bodyOf, openSocket, startProxy, upstreamAt } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import { startWire, wireConnection } from '../support/wire.ts';
import { createAuthority } from '../support/wire-certificates.ts';

const authority = await createAuthority({ after });
const own = await authority.issue('DNS:localhost');
const { ca } = authority;

async function get(port: number, agent = false): Promise<{ answer: IncomingMessage; socket: TLSSocket }> {
  const sent = request({ host: 'localhost', port, ca, path: '/v1/models', ...(agent ? {} : { agent: false }) }).end();
  // The event's one argument is the answer, and what came over TLS has a socket of TLS.
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { answer, socket: answer.socket as TLSSocket };
}

test('clients are served over TLS, in HTTP/1.1, streams and all', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.write('data: 1\n\n');
    response.end('data: [DONE]\n\n');
  });
  const { port, settled } = await startProxy(t, upstream.url, { tls: own });
  const { answer, socket } = await get(port);
  assert.equal(answer.statusCode, 200);
  assert.equal(socket.alpnProtocol, false, 'node:https asks for none');
  assert.equal((await bodyOf(answer)).toString(), 'data: 1\n\ndata: [DONE]\n\n');
  assert.equal((await settled(1))[0]?.code, 200);
});

test('a WebSocket passes over TLS on both sides', async (t) => {
  const certificate = await authority.issue('DNS:localhost');
  const server = createSecureServer(certificate, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  // A TCP server's address is an AddressInfo.
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const upstreams = [upstreamAt(url, { target: { url, provider: 'fake', tls: { ca } } })];
  const { port, settled } = await startProxy(t, url, { tls: own, upstreams });
  const socket = connectTls({ host: 'localhost', port, ca });
  const { has } = wireConnection(socket);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await has(/101 Switching/);
  socket.end('hello');
  await has(/hello$/);
  if (!socket.closed) await once(socket, 'close');
  assert.deepEqual(
    (await settled(1)).map(({ code, error }) => [code, error]),
    [[101, undefined]],
  );
});

test('a new certificate is shown to new connections; one of no use changes nothing', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('ok'));
  const { proxy, port } = await startProxy(t, upstream.url, { tls: own });
  const serial = async (): Promise<string> => {
    const { answer, socket } = await get(port);
    const { serialNumber } = socket.getPeerCertificate();
    await bodyOf(answer);
    return serialNumber;
  };
  const before = await serial();
  const upstreams = [upstreamAt(upstream.url)];
  assert.throws(() => proxy.reconfigure({ upstreams, tls: { cert: own.cert, key: 'none' } }));
  assert.equal(await serial(), before);
  proxy.reconfigure({ upstreams, tls: await authority.issue('DNS:localhost') });
  assert.notEqual(await serial(), before);
});

test('a key that is not of its certificate is told before anything is opened', async (t) => {
  const { key } = await authority.issue('DNS:localhost');
  await assert.rejects(startProxy(t, 'http://127.0.0.1:1', { tls: { cert: own.cert, key } }), /key values mismatch/);
});

test('what fails before TLS stands is no request, and keeps nothing open', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('ok'));
  const { proxy, port, sink } = await startProxy(t, upstream.url, { tls: own });
  const plain = requestOf({ host: '127.0.0.1', port }).end();
  await assert.rejects(once(plain, 'response'));
  const distrustful = connectTls({ host: 'localhost', port });
  await assert.rejects(once(distrustful, 'secureConnect'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  const silent = await openSocket(t, port);
  assert.deepEqual(sink.events, []);
  const closed = once(silent, 'close');
  await proxy.close();
  await closed;
});

test('draining closes idle connections, and lets an answer end', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha');
  });
  const { proxy, port, settled } = await startProxy(t, wire.url, { tls: own });
  const idle = connectTls({ host: 'localhost', port, ca });
  await once(idle, 'secureConnect');
  // Closed without a word, it may be reset.
  idle.on('error', () => undefined);
  const { answer } = await get(port);
  const drained = proxy.drain(10_000);
  wire.connections[0]?.socket.write('lf');
  assert.equal((await bodyOf(answer)).toString(), 'half');
  await drained;
  await eventually(() => assert.ok(idle.resume().destroyed));
  await settled(1);
});

test('a client over TLS that leaves in the middle is 499', async (t: TestContext) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha');
  });
  const { port, settled } = await startProxy(t, wire.url, { tls: own });
  const { socket } = await get(port);
  socket.destroy();
  assert.equal((await settled(1))[0]?.code, 499);
  await eventually(() => assert.equal(wire.open(), 0));
});

test('a port without TLS is not disturbed by a client that speaks it', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('ok'));
  const { port, settled } = await startProxy(t, upstream.url);
  const client = connectTls({ socket: connect(port, '127.0.0.1') });
  await assert.rejects(once(client, 'secureConnect'));
  assert.equal((await settled(1))[0]?.code, 400);
});
