import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { DEFAULT_TIMEOUTS } from '../../src/input/proxy/upstream/upstream.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { openSocket, startProxy } from '../support/proxy.ts';
import { startWire, type WireConnection, wireConnection } from '../support/wire.ts';

const ASK = 'GET /v1/realtime?model=m HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-A: 1\r\n\r\n';
const AGREE = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-B: 2\r\n\r\n';

/** Agrees, and sends back what it gets until the client ends its half. */
async function echo({ socket, has, text }: WireConnection): Promise<void> {
  await has(/\r\n\r\n/);
  socket.write(AGREE);
  const early = text().split('\r\n\r\n')[1] ?? '';
  if (early !== '') socket.write(early, 'latin1');
  socket.pipe(socket);
}

async function client(t: Parameters<typeof openSocket>[0], port: number, first = ASK): Promise<WireConnection> {
  const connection = wireConnection(await openSocket(t, port));
  connection.socket.write(first, 'latin1');
  return connection;
}

test('both sides are joined after 101, head and early words included, and it counts as one request', async (t) => {
  const wire = await startWire(t, echo);
  const { port, sink, settled } = await startProxy(t, `${wire.url}/base`);
  const { socket, has, text } = await client(t, port, `${ASK}early `);
  await has(/early /);
  socket.write(Buffer.from([0xff, 0x00, 0x0d]));
  await has(/\xff\0\r$/);
  assert.match(text(), /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.deepEqual(fields(text()), ['connection: Upgrade', 'upgrade: echo', 'x-b: 2']);
  const seen = wire.connections[0]?.text() ?? '';
  assert.match(seen, /^GET \/base\/v1\/realtime\?model=m HTTP\/1\.1\r\n/);
  assert.deepEqual(fields(seen), ['connection: Upgrade', `host: 127.0.0.1:${wire.port}`, 'upgrade: echo', 'x-a: 1']);
  assert.equal(sink.live(), 1, 'it is in flight');
  socket.end();
  await once(socket, 'close');
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.error, event?.attempt, event?.origin], [101, undefined, 1, 'provider']);
  assert.ok((event?.durationSeconds ?? 0) > 0);
  await eventually(() => assert.equal(wire.open(), 0));
});

function fields(text: string): string[] {
  const lines = (text.split('\r\n\r\n')[0] ?? '').split('\r\n').slice(1);
  return lines.map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase())).sort();
}

test('each half ends apart', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write(AGREE);
    await has(/question/);
    if (!socket.readableEnded) await once(socket, 'end');
    socket.end('the answer, when all was said');
  });
  const { port, settled } = await startProxy(t, wire.url);
  const { socket, has } = await client(t, port);
  await has(/101/);
  socket.end('question');
  await has(/the answer, when all was said$/);
  assert.equal((await settled(1))[0]?.code, 101);
});

test('the half of the upstream ends first', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.end(`${AGREE}all I have to say`);
    await has(/and this too/);
  });
  const { port, settled } = await startProxy(t, wire.url);
  const { socket, has } = await client(t, port);
  socket.allowHalfOpen = true;
  await has(/all I have to say/);
  socket.end('and this too');
  await wire.connections[0]?.has(/and this too/);
  assert.equal((await settled(1))[0]?.error, undefined);
});

for (const [status, body] of [
  [426, '{"error":{"message":"no","type":"invalid_request_error"}}'],
  [200, 'plain'],
  [503, ''],
] as const) {
  test(`an answer of ${status} in place of 101 passes as any other`, async (t) => {
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\n/);
      socket.write(`HTTP/1.1 ${status} Odd Reason\r\nX-A: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const { port, settled } = await startProxy(t, wire.url);
    const { socket, text } = await client(t, port);
    await once(socket, 'close');
    assert.match(text(), new RegExp(`^HTTP/1\\.1 ${status} Odd Reason\\r\\n[\\s\\S]*X-A: 1\\r\\n`));
    assert.ok(text().endsWith(`\r\n\r\n${body}`));
    const [event] = await settled(1);
    assert.equal(event?.code, status);
    if (status === 426) assert.equal(event?.error?.message, 'no');
  });
}

test('a refusal that is larger than any buffer passes with back-pressure', async (t) => {
  const size = 20_000_000;
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write(`HTTP/1.1 404 Not Found\r\nContent-Length: ${size}\r\n\r\n`);
    socket.write(Buffer.alloc(size, 'x'));
  });
  const { port, settled } = await startProxy(t, wire.url);
  const { socket, text } = await client(t, port);
  await once(socket, 'close');
  assert.equal(text().length - text().indexOf('\r\n\r\n') - 4, size);
  await settled(1);
});

test('1xx before the agreement pass', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write(`HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${AGREE}`);
  });
  const { port } = await startProxy(t, wire.url);
  const { has } = await client(t, port);
  await has(/^HTTP\/1\.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP\/1\.1 101 /);
});

test('an upstream that cannot be reached is told and counted', async (t) => {
  const wire = await startWire(t, ({ socket }) => void socket.destroy());
  const { port, settled } = await startProxy(t, wire.url);
  const { socket, text } = await client(t, port);
  await once(socket, 'close');
  assert.match(text(), /^HTTP\/1\.1 502 /);
  assert.deepEqual(
    (await settled(1)).map(({ code, origin }) => [code, origin]),
    [[502, 'network']],
  );
});

test('a client that leaves before there is an answer is 499, and the upstream is told', async (t) => {
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const wire = await startWire(t);
    const { port, settled } = await startProxy(t, wire.url);
    const { socket } = await client(t, port);
    await eventually(() => assert.match(wire.connections[0]?.text() ?? '', /\r\n\r\n/));
    socket[leave]();
    assert.equal((await settled(1))[0]?.code, 499, leave);
    await eventually(() => assert.equal(wire.open(), 0));
  }
});

test('a client that leaves an open tunnel leaves no error; the upstream is told', async (t) => {
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const wire = await startWire(t, echo);
    const { port, settled } = await startProxy(t, wire.url);
    const { socket, has } = await client(t, port);
    await has(/101/);
    socket[leave]();
    const [event] = await settled(1);
    assert.deepEqual([event?.code, event?.error], [101, undefined], leave);
    await eventually(() => assert.equal(wire.open(), 0));
  }
});

test('a connection to the upstream that breaks is an interrupted stream; what came before still arrives', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write(`${AGREE}some words`);
    await has(/go/);
    socket.resetAndDestroy();
  });
  const { port, settled } = await startProxy(t, wire.url);
  const { socket, has } = await client(t, port);
  await has(/some words/);
  socket.write('go');
  await once(socket, 'close');
  const [event] = await settled(1);
  assert.deepEqual(
    [event?.code, event?.origin, event?.phase, event?.error?.code],
    [101, 'network', 'stream', 'ECONNRESET'],
  );
});

test('draining waits for a tunnel, and closes it when its time is up', async (t) => {
  const wire = await startWire(t, echo);
  const clock = createManualClock();
  const { proxy, port, sink, settled } = await startProxy(t, wire.url, { clock });
  const { socket, has } = await client(t, port);
  await has(/101/);
  const drained = proxy.drain(300);
  clock.advance(299);
  socket.write('still here');
  await has(/still here$/);
  assert.equal(sink.live(), 1);
  clock.advance(1);
  await drained;
  await eventually(() => assert.ok(socket.destroyed));
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.error?.code], [101, 'exporter', 'drain_deadline']);
  await eventually(() => assert.equal(wire.open(), 0));
});

test('a tunnel may be silent for longer than an answer; one that is stuck may not', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write(AGREE);
    await has(/flood/);
    socket.pause();
  });
  const clock = createManualClock();
  const timeouts = { ...DEFAULT_TIMEOUTS, idleMs: 100 };
  const { port, sink, settled } = await startProxy(t, wire.url, { clock, timeouts });
  const { socket, has } = await client(t, port);
  await has(/101/);
  clock.advance(10_000);
  assert.equal(sink.live(), 1);
  socket.write('flood');
  socket.write(Buffer.alloc(50_000_000));
  await eventually(() => {
    clock.advance(100);
    assert.equal(sink.live(), 0);
  });
  assert.equal((await settled(1))[0]?.code, 101);
  await eventually(() => assert.ok(socket.destroyed));
});

test('bytes flow with back-pressure both ways', async (t) => {
  const size = 10_000_000;
  const wire = await startWire(t, echo);
  const { port, settled } = await startProxy(t, wire.url);
  const { socket, has } = await client(t, port);
  await has(/101/);
  let bytes = 0;
  socket.removeAllListeners('data').on('data', (piece) => {
    bytes += piece.length;
  });
  socket.end(Buffer.alloc(size, 'y'));
  await once(socket, 'close');
  assert.equal(bytes, size);
  await settled(1);
});

test('offers that may be passed over, and requests with a body, are answered as if they had none', async (t) => {
  const wire = await startWire(t, async ({ socket, has, text }) => {
    await has(/\r\n\r\n/);
    assert.doesNotMatch(text(), /upgrade/i);
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const { port, settled } = await startProxy(t, wire.url);
  const asks = [
    'POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nContent-Length: 2\r\n\r\n{}',
    'GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    'POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 2\r\n\r\n{}',
    'GET /a HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\n\r\n',
  ];
  for (const ask of asks) {
    const { socket, has } = await client(t, port, ask);
    await has(/^HTTP\/1\.1 200 OK[\s\S]*ok$/);
    socket.destroy();
  }
  assert.deepEqual(
    (await settled(asks.length)).map(({ code }) => code),
    [200, 200, 200, 200, 200],
  );
});

test('a real WebSocket client talks through it, and closes in good order', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    const head = await has(/\r\n\r\n/);
    const key = /sec-websocket-key: (.*)\r/i.exec(head)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    echoFrames(socket);
  });
  const { port, settled } = await startProxy(t, wire.url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/realtime`);
  await once(socket, 'open');
  const texts = ['hello', 'x'.repeat(120), 'caf\u00e9'];
  for (const text of texts) {
    socket.send(text);
    // The event of a WebSocket carries its message as data.
    const [{ data }] = (await once(socket, 'message')) as [{ data: string }];
    assert.equal(data, text);
  }
  socket.close(1000, 'done');
  await once(socket, 'close');
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.error], [101, undefined]);
});

/** Sends each small masked frame back unmasked; a close frame ends it (RFC 6455 section 5.2). */
function echoFrames(socket: Socket): void {
  let held = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      const length = (held[1] ?? 0) & 0x7f;
      if (held.length < 6 + length) return;
      const mask = held.subarray(2, 6);
      const payload = held.subarray(6, 6 + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      const opcode = held[0] ?? 0;
      held = held.subarray(6 + length);
      socket.write(Buffer.concat([Buffer.from([opcode, length]), payload]));
      if (opcode === 0x88) socket.end();
    }
  });
}
