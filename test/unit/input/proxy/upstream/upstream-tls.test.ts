import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { createServer, type TlsOptions as ServerOptions, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import type { TlsOptions } from '../../../../../src/input/proxy/upstream/tls-client.ts';
import { createUpstream, DEFAULT_TIMEOUTS, type Upstream } from '../../../../../src/input/proxy/upstream/upstream.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { systemNames } from '../../../../support/names.ts';
import { startWire } from '../../../../support/wire.ts';
import { record } from '../../../../support/wire-call.ts';
import { createAuthority } from '../../../../support/wire-certificates.ts';

interface SecureServer {
  readonly port: number;
  readonly sockets: readonly TLSSocket[];
  /** Of each connection, whether its session was one of before. */
  readonly reused: readonly boolean[];
}

/** Answers each connection's first request and closes it. */
async function startSecure(t: TestContext, options: ServerOptions): Promise<SecureServer> {
  const sockets: TLSSocket[] = [];
  const reused: boolean[] = [];
  const server = createServer({ ALPNProtocols: ['h2', 'http/1.1'], ...options }, (socket) => {
    sockets.push(socket);
    reused.push(socket.isSessionReused());
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // A TCP server's address is an AddressInfo.
  return { port: (server.address() as AddressInfo).port, sockets, reused };
}

function secureUpstream(t: TestContext, host: string, tls?: TlsOptions): Upstream {
  const upstream = createUpstream({
    target: { url: `https://${host}`, provider: 'fake', tls },
    timeouts: DEFAULT_TIMEOUTS,
    maxHeaderBytes: 65_536,
    clock: createManualClock(),
    names: systemNames(),
  });
  t.after(() => upstream.destroy());
  return upstream;
}

async function outcome(upstream: Upstream): Promise<string | undefined> {
  const call = record(upstream);
  await eventually(() => assert.match(call.heard.join(), /end|error/));
  return call.heard.at(-1);
}

const authority = await createAuthority({ after });
const good = await authority.issue('DNS:localhost,IP:127.0.0.1');

describe('TLS with the upstream', () => {
  test('works with a given authority; the name is sent, an address is not, and HTTP/1.1 is agreed on', async (t) => {
    const server = await startSecure(t, good);
    assert.equal(await outcome(secureUpstream(t, `localhost:${server.port}`, authority)), 'end');
    assert.equal(await outcome(secureUpstream(t, `127.0.0.1:${server.port}`, authority)), 'end');
    assert.deepEqual(
      server.sockets.map(({ servername, alpnProtocol }) => [servername, alpnProtocol]),
      [
        ['localhost', 'http/1.1'],
        [false, 'http/1.1'],
      ],
    );
  });

  test('resumes its session on the next connection', async (t) => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const server = await startSecure(t, { ...good, minVersion: version, maxVersion: version });
      const upstream = secureUpstream(t, `localhost:${server.port}`, authority);
      for (let count = 0; count < 3; count += 1) assert.equal(await outcome(upstream), 'end');
      assert.deepEqual(server.reused, [false, true, true], version);
    }
  });

  test('shows a client certificate where the server asks for one', async (t) => {
    const server = await startSecure(t, { ...good, ca: authority.ca, requestCert: true, rejectUnauthorized: true });
    const client = await authority.issue('DNS:client');
    assert.equal(await outcome(secureUpstream(t, `localhost:${server.port}`, { ...client, ca: authority.ca })), 'end');
    const without = await outcome(secureUpstream(t, `localhost:${server.port}`, { ca: authority.ca }));
    assert.match(without ?? '', /^error (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED|ECONNRESET)$/);
  });

  test('a certificate that is not trusted, expired or of another name is an error of its own', async (t) => {
    const expired = await authority.issue('DNS:localhost', -1);
    const other = await authority.issue('DNS:other.example');
    for (const [certificate, tls, code] of [
      [good, undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [expired, { ca: authority.ca }, 'CERT_HAS_EXPIRED'],
      [other, { ca: authority.ca }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ] as const) {
      const server = await startSecure(t, certificate);
      assert.equal(await outcome(secureUpstream(t, `localhost:${server.port}`, tls)), `error ${code}`);
    }
  });

  test('a self-signed certificate is an error, and trusted where it is given', async (t) => {
    const self = await authority.selfSigned('DNS:localhost');
    const server = await startSecure(t, self);
    assert.equal(await outcome(secureUpstream(t, `localhost:${server.port}`)), 'error DEPTH_ZERO_SELF_SIGNED_CERT');
    assert.equal(await outcome(secureUpstream(t, `localhost:${server.port}`, { ca: self.cert })), 'end');
  });

  test('a server that speaks no TLS is an error at once', async (t) => {
    const wire = await startWire(t, ({ socket }) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const code = await outcome(secureUpstream(t, `localhost:${wire.port}`));
    assert.match(code ?? '', /^error (ERR_SSL_\w+|EPROTO)$/);
  });

  test('a server that hangs up in the handshake is an error at once', async (t) => {
    const wire = await startWire(t, ({ socket }) => void socket.once('data', () => socket.end()));
    assert.equal(await outcome(secureUpstream(t, `localhost:${wire.port}`)), 'error ECONNRESET');
    await eventually(() => assert.equal(wire.open(), 0));
  });

  test('a certificate or key that cannot be read is told before anything is opened', (t) => {
    for (const tls of [
      { ca: '-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----' },
      { ca: 'no' },
      { cert: good.cert, key: 'no' },
      { cert: 'no', key: good.key },
    ])
      assert.throws(() => secureUpstream(t, 'localhost', tls), Error);
  });

  test("the system's own authorities are trusted", async (t) => {
    const server = await startSecure(t, good);
    const file = join(authority.folder, 'system.pem');
    await writeFile(file, authority.ca);
    const upstreamFile = new URL('../../../../../src/input/proxy/upstream/tls-client.ts', import.meta.url).href;
    // OpenSSL reads these variables when a process first asks for the system's store.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { createTlsClient } from '${upstreamFile}';
         import { connect } from 'node:net';
         const socket = createTlsClient('localhost', {})(connect(${server.port}, '127.0.0.1'));
         socket.on('secureConnect', () => { console.log('trusted'); socket.destroy(); });
         socket.on('error', (error) => console.log(error.code));`,
      ],
      { env: { ...process.env, SSL_CERT_FILE: file } },
    );
    assert.equal(stdout.trim(), 'trusted');
  });
});
