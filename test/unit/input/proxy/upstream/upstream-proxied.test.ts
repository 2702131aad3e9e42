import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, describe, type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { type ProxyServer, proxyFor } from '../../../../../src/input/proxy/upstream/proxy-server.ts';
import {
  createUpstream,
  DEFAULT_TIMEOUTS,
  type Upstream,
  type UpstreamTarget,
} from '../../../../../src/input/proxy/upstream/upstream.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { systemNames } from '../../../../support/names.ts';
import { startWire, type WireServer } from '../../../../support/wire.ts';
import { record } from '../../../../support/wire-call.ts';
import { createAuthority } from '../../../../support/wire-certificates.ts';

const authority = await createAuthority({ after });
const certificate = await authority.issue('DNS:api.example');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function upstreamFor(t: TestContext, target: Omit<UpstreamTarget, 'provider'>): Upstream {
  const options = {
    timeouts: DEFAULT_TIMEOUTS,
    maxHeaderBytes: 65_536,
    clock: createManualClock(),
    names: systemNames(),
  };
  const upstream = createUpstream({ target: { ...target, provider: 'fake' }, ...options });
  t.after(() => upstream.destroy());
  return upstream;
}

/** As the environment would name it. */
function proxyAt({ port }: WireServer, login = ''): ProxyServer {
  const proxy = proxyFor(new URL('http://api.example'), { http_proxy: `http://${login}127.0.0.1:${port}` });
  assert.ok(proxy);
  return proxy;
}

/** A proxy that opens a tunnel to `target`, whatever it is asked for. */
async function startTunnelProxy(
  t: TestContext,
  target: number,
  answer = 'HTTP/1.1 200 Connection established\r\n\r\n',
) {
  return startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    const onward = connect(target, '127.0.0.1').on('error', () => socket.destroy());
    t.after(() => onward.destroy());
    await once(onward, 'connect');
    socket.write(answer);
    socket.pipe(onward).pipe(socket);
  });
}

async function lastWord(upstream: Upstream, target = '/'): Promise<string | undefined> {
  const call = record(upstream, { target, headers: ['host', 'api.example'] });
  await eventually(() => assert.match(call.heard.join(), /end|error/));
  return call.heard.at(-1);
}

test('plain HTTP goes to the proxy with its whole URL, and its login with each request', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\/a\?x=1 [\s\S]*?\r\n\r\n/);
    socket.write(OK);
    await has(/\/b [\s\S]*?\r\n\r\n/);
    socket.write(OK);
  });
  const upstream = upstreamFor(t, { url: 'http://api.example:8080/base', proxy: proxyAt(wire, 'user:secret@') });
  assert.equal(await lastWord(upstream, '/base/a?x=1'), 'end');
  assert.equal(await lastWord(upstream, '/base/b'), 'end');
  const login = `proxy-authorization: Basic ${Buffer.from('user:secret').toString('base64')}`;
  const requests = wire.connections.map(({ text }) => text()).join('');
  assert.equal(
    requests,
    ['/base/a?x=1', '/base/b']
      .map((path) => `GET http://api.example:8080${path} HTTP/1.1\r\nhost: api.example\r\n${login}\r\n\r\n`)
      .join(''),
  );
});

describe('HTTPS goes through a tunnel of the proxy', () => {
  async function startApi(t: TestContext): Promise<number> {
    const server = createServer({ ...certificate }, (socket) => {
      socket.on('error', () => undefined).on('data', () => socket.write(OK));
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  }

  test('and the certificate is that of the API', async (t) => {
    const proxy = await startTunnelProxy(t, await startApi(t));
    const target = { url: 'https://api.example/v1', tls: { ca: authority.ca }, proxy: proxyAt(proxy, 'user:secret@') };
    const upstream = upstreamFor(t, target);
    assert.equal(await lastWord(upstream), 'end');
    assert.equal(await lastWord(upstream), 'end');
    assert.equal(proxy.connections.length, 1);
    const head = proxy.connections[0]?.text().split('\r\n\r\n')[0];
    const login = `proxy-authorization: Basic ${Buffer.from('user:secret').toString('base64')}`;
    assert.equal(head, `CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\n${login}`);
    upstream.destroy();
    await eventually(() => assert.equal(proxy.open(), 0));
  });

  test('and a certificate of another name is an error', async (t) => {
    const proxy = await startTunnelProxy(t, await startApi(t));
    const upstream = upstreamFor(t, { url: 'https://b.example', tls: { ca: authority.ca }, proxy: proxyAt(proxy) });
    assert.equal(await lastWord(upstream), 'error ERR_TLS_CERT_ALTNAME_INVALID');
    await eventually(() => assert.equal(proxy.open(), 0));
  });

  test('also to a proxy that itself speaks TLS', async (t) => {
    const api = await startApi(t);
    const own = await authority.issue('IP:127.0.0.1');
    const server = createServer({ ...own }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const onward = connect(api, '127.0.0.1').on('error', () => socket.destroy());
        t.after(() => onward.destroy());
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const proxy = { host: '127.0.0.1', port: address.port, isTls: true, authorization: undefined };
    const upstream = upstreamFor(t, { url: 'https://api.example', tls: { ca: authority.ca }, proxy });
    // The test's authority is not one of the system, which is what a proxy is checked by.
    assert.equal(await lastWord(upstream), 'error UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  for (const [what, answer, code] of [
    ['refuses', 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno!', 'proxy_denied'],
    ['fails', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n', 'proxy_refused'],
    ['redirects', 'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n', 'proxy_refused'],
    ['talks nonsense', 'SSH-2.0-OpenSSH\r\n', 'proxy_refused'],
    ['switches to something else', 'HTTP/1.1 101 Switching\r\n\r\n', 'proxy_refused'],
  ] as const) {
    test(`a proxy that ${what} is an error, and the connection is closed`, async (t) => {
      const wire = await startWire(t, async ({ socket, has }) => {
        await has(/\r\n\r\n/);
        socket.write(answer);
      });
      const upstream = upstreamFor(t, { url: 'https://api.example', proxy: proxyAt(wire, 'user:secret@') });
      const messages: string[] = [];
      const call = record(upstream, {}, { onError: (seen, message) => messages.push(`${seen}: ${message}`) });
      await eventually(() => assert.equal(messages.length, 1));
      assert.match(messages[0] ?? '', new RegExp(`^${code}: the proxy (answered|did not)`));
      assert.doesNotMatch(messages[0] ?? '', /secret/);
      assert.deepEqual(call.heard, []);
      await eventually(() => assert.equal(wire.open(), 0));
    });
  }

  test('a proxy that hangs up is an error', async (t) => {
    const wire = await startWire(t, ({ socket }) => void socket.end());
    const upstream = upstreamFor(t, { url: 'https://api.example', proxy: proxyAt(wire) });
    assert.match((await lastWord(upstream)) ?? '', /^error (proxy_refused|ECONNRESET)$/);
    await eventually(() => assert.equal(wire.open(), 0));
  });
});
