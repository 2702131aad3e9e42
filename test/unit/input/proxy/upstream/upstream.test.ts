import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { createUpstream, DEFAULT_TIMEOUTS, type Upstream } from '../../../../../src/input/proxy/upstream/upstream.ts';
import { DEADLINE_MS, eventually } from '../../../../support/eventually.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { systemNames } from '../../../../support/names.ts';
import { startWire, type WireConnection } from '../../../../support/wire.ts';
import { record } from '../../../../support/wire-call.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function upstreamAt(t: TestContext, url: string): Upstream {
  const target = { url, provider: 'fake' };
  const upstream = createUpstream({
    target,
    timeouts: DEFAULT_TIMEOUTS,
    maxHeaderBytes: 65_536,
    clock: createManualClock(),
    names: systemNames(),
  });
  t.after(() => upstream.destroy());
  return upstream;
}

/** Answers each of the first `times` requests of a connection, and hands over to `then`. */
async function answers(
  { socket, has }: WireConnection,
  times: number,
  then: () => void = () => undefined,
): Promise<void> {
  for (let count = 1; count <= times; count += 1) {
    await has(new RegExp(`^(?:[\\s\\S]*?\\r\\n\\r\\n){${count}}`));
    socket.write(OK);
  }
  await has(new RegExp(`^(?:[\\s\\S]*?\\r\\n\\r\\n){${times + 1}}`));
  then();
}

async function answered(upstream: Upstream, method = 'GET'): Promise<void> {
  const call = record(upstream, { method });
  await call.hears('end');
}

describe('a connection that was kept', () => {
  test('carries one request after another', async (t) => {
    const wire = await startWire(t, (connection) => answers(connection, 3));
    const upstream = upstreamAt(t, wire.url);
    for (let count = 0; count < 3; count += 1) await answered(upstream, 'POST');
    assert.equal(wire.connections.length, 1);
  });

  test('is not used when the server has closed it, whatever the request', async (t) => {
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\n/);
      socket.end(OK);
    });
    const upstream = upstreamAt(t, wire.url);
    for (let count = 1; count <= 20; count += 1) {
      await answered(upstream, 'POST');
      assert.equal(wire.connections.length, count);
    }
  });

  for (const [method, body, isSentAgain] of [
    ['GET', undefined, true],
    ['HEAD', undefined, true],
    ['PUT', Buffer.from('body'), true],
    ['DELETE', undefined, true],
    ['POST', undefined, false],
    ['POST', Buffer.from('body'), false],
    ['PATCH', Buffer.from('body'), false],
    ['MADE-UP', undefined, false],
    ['PUT', Readable.from([Buffer.from('body')]), false],
  ] as const) {
    const kind = body === undefined ? 'no body' : body instanceof Readable ? 'a body that passes by' : 'a body at hand';
    test(`and closes under ${method} with ${kind}: ${isSentAgain ? 'it goes out once more' : 'that is an error'}`, async (t) => {
      const wire = await startWire(t, (connection, number) =>
        answers(connection, 1, () => void (number === 1 ? connection.socket.destroy() : connection.socket.write(OK))),
      );
      const upstream = upstreamAt(t, wire.url);
      await answered(upstream);
      const call = record(upstream, { method, body, headers: ['content-length', '4'] });
      await eventually(() => assert.match(call.heard.join(), /end|error/));
      assert.equal(
        call.heard.at(-1)?.replace(/ECONNRESET|EPIPE|closed_early/, 'closed'),
        isSentAgain ? 'end' : 'error closed',
      );
      assert.equal(wire.connections.length, isSentAgain ? 2 : 1);
    });
  }

  test('and closes: the request goes out once more, not twice', async (t) => {
    const wire = await startWire(t, (connection, number) =>
      number === 1 ? answers(connection, 1, () => void connection.socket.destroy()) : connection.socket.destroy(),
    );
    const upstream = upstreamAt(t, wire.url);
    await answered(upstream);
    const call = record(upstream);
    await eventually(() => assert.match(call.heard.join(), /error (ECONNRESET|closed_early)/));
    assert.equal(wire.connections.length, 2);
  });

  test('and closes in the middle of a head: that was an answer, and is an error', async (t) => {
    const wire = await startWire(t, (connection) => answers(connection, 1, () => connection.socket.end('HTTP/1.1 20')));
    const upstream = upstreamAt(t, wire.url);
    await answered(upstream);
    const call = record(upstream);
    await call.hears('error closed_early');
    assert.equal(wire.connections.length, 1);
  });

  test("and speaks unasked is closed, and what it said is nobody's answer", async (t) => {
    const wire = await startWire(t, (connection, number) =>
      answers(connection, 1).then(() => number === 1 && connection.socket.write('HTTP/1.1 500 Not Yours\r\n\r\n')),
    );
    const upstream = upstreamAt(t, wire.url);
    await answered(upstream);
    wire.connections[0]?.socket.write('HTTP/1.1 500 Not Yours\r\nContent-Length: 0\r\n\r\n');
    await eventually(() => assert.equal(wire.open(), 0));
    await answered(upstream);
    assert.equal(wire.connections.length, 2);
  });

  test('is none when more came than the answer: it could be taken for the next', async (t) => {
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\n/);
      socket.write(`${OK}HTTP/1.1 500 Not Yours\r\nContent-Length: 0\r\n\r\n`);
    });
    const upstream = upstreamAt(t, wire.url);
    let next: ReturnType<typeof record> | undefined;
    const first = record(
      upstream,
      {},
      {
        onEnd() {
          next = record(upstream);
        },
      },
    );
    await first.hears('end');
    await next?.hears('head 200');
    assert.equal(wire.connections.length, 2);
  });

  test('is none after HTTP/1.0, Connection: close and a body without a length', async (t) => {
    const heads = ['HTTP/1.0 200 OK\r\nContent-Length: 0', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0'];
    const wire = await startWire(t, async ({ socket, has }, number) => {
      await has(/\r\n\r\n/);
      socket.write(`${heads[number - 1] ?? 'HTTP/1.1 200 OK'}\r\n\r\n`);
      if (number > 2) socket.end();
    });
    const upstream = upstreamAt(t, wire.url);
    for (let count = 1; count <= 3; count += 1) {
      await answered(upstream);
      await eventually(() => assert.equal(wire.open(), 0));
      assert.equal(wire.connections.length, count);
    }
  });
});

describe('an answer', () => {
  test('that comes before the request is out ends the request, and its connection', async (t) => {
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\npart/);
      socket.write(OK);
    });
    const body = new Readable({ read: () => undefined });
    body.push('part');
    const call = record(upstreamAt(t, wire.url), { method: 'POST', body, headers: ['content-length', '9'] });
    await call.hears('end');
    assert.equal(call.heard.includes('sent'), false);
    assert.ok(body.destroyed);
    await eventually(() => assert.equal(wire.open(), 0));
  });

  test('that comes while the request goes out can be read beside it', async (t) => {
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\n/);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfirst');
      await has(/last/);
      socket.write('end');
    });
    const upstream = upstreamAt(t, wire.url);
    const body = new Readable({ read: () => undefined });
    const call = record(upstream, { method: 'POST', body, isChunked: true, trailers: () => ['X-T', '1'] });
    await call.hears('head 200');
    body.push('last');
    body.push(null);
    await call.hears('end');
    assert.equal(call.body(), 'firstend');
    assert.match(wire.connections[0]?.text() ?? '', /\r\n\r\n4\r\nlast\r\n0\r\nX-T: 1\r\n\r\n$/);
    await answeredOn(wire.connections[0], upstream);
  });

  async function answeredOn(connection: WireConnection | undefined, upstream: Upstream): Promise<void> {
    const call = record(upstream);
    await connection?.has(/GET \/ HTTP/);
    call.abort();
  }

  test('that ends with its connection is whole, and one that has a length is cut', async (t) => {
    for (const [head, last] of [
      ['HTTP/1.1 200 OK', 'end'],
      ['HTTP/1.1 200 OK\r\nContent-Length: 5', 'error closed_early'],
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'error invalid_answer'],
    ] as const) {
      const wire = await startWire(t, async ({ socket, has }) => {
        await has(/\r\n\r\n/);
        socket.end(`${head}\r\n\r\npart`);
      });
      await record(upstreamAt(t, wire.url)).hears(last);
      await eventually(() => assert.equal(wire.open(), 0));
    }
  });

  test('may be 1xx any number of times first', async (t) => {
    const wire = await startWire(t, ({ socket }) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early');
      socket.write(` Hints\r\nLink: <a>\r\n\r\n${OK}`);
    });
    const call = record(upstreamAt(t, wire.url));
    await call.hears('end');
    assert.deepEqual(
      call.heard.filter((word) => /\d/.test(word)),
      ['100', '102', '103', 'head 200'],
    );
  });

  test('of 101 hands over the connection with what came behind it', async (t) => {
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\n/);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nfirst');
      socket.pipe(socket);
    });
    const upstream = upstreamAt(t, wire.url);
    const call = record(upstream);
    await call.hears('upgrade');
    assert.equal(call.body(), 'first');
    let echo = '';
    call.socket()?.on('data', (chunk) => {
      echo += chunk;
    });
    call.socket()?.resume().write('ping');
    await eventually(() => assert.match(echo, /ping$/));
    upstream.destroy();
    assert.equal(call.socket()?.destroyed, false, "it is the handler's now");
    call.socket()?.destroy();
  });
});

describe('the framing of a request', () => {
  for (const [what, request, expected] of [
    ['no body', {}, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    [
      'an empty body of unknown length',
      { isChunked: true },
      'GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'its trailers',
      { isChunked: true, trailers: () => ['A', '1'] },
      'GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\nA: 1\r\n\r\n',
    ],
    [
      'a body at hand of unknown length',
      { isChunked: true, body: Buffer.from('0123456789') },
      'GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n',
    ],
    [
      'a body at hand',
      { headers: ['content-length', '2'], body: Buffer.from('ok') },
      'GET / HTTP/1.1\r\ncontent-length: 2\r\n\r\nok',
    ],
    [
      'bytes above 0x7f',
      { target: '/\u00e9', headers: ['x', '\u00ff'], body: Buffer.from([0xff]) },
      'GET /\u00e9 HTTP/1.1\r\nx: \u00ff\r\n\r\n\u00ff',
    ],
    [
      'a stream',
      { isChunked: true, body: Readable.from([Buffer.from('a'), Buffer.from('bc')]) },
      'GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n',
    ],
  ] as const) {
    test(what, async (t) => {
      const wire = await startWire(t);
      const call = record(upstreamAt(t, wire.url), request);
      await call.hears('sent');
      await eventually(() => assert.equal(wire.connections[0]?.text(), expected));
    });
  }

  test('a large body at hand arrives whole', async (t) => {
    const wire = await startWire(t);
    record(upstreamAt(t, wire.url), {
      method: 'POST',
      headers: ['content-length', '3000000'],
      body: Buffer.alloc(3_000_000, 'x'),
    });
    await eventually(() =>
      assert.equal(
        wire.connections[0]?.text().length,
        'POST / HTTP/1.1\r\ncontent-length: 3000000\r\n\r\n'.length + 3_000_000,
      ),
    );
  });

  test('a body that breaks off is an error and ends the connection', async (t) => {
    const wire = await startWire(t);
    const body = new Readable({ read: () => undefined });
    const call = record(upstreamAt(t, wire.url), { body, headers: ['content-length', '5'] });
    await call.hears('connected');
    body.destroy(new Error('the client is gone'));
    await call.hears('error request_broken');
    await eventually(() => assert.equal(wire.open(), 0));
  });
});

describe('back-pressure', () => {
  test('a handler that asks to stop is sent no more than was on its way, until it resumes', async (t) => {
    const size = 30_000_000;
    const wire = await startWire(t, ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size, 'x'));
    });
    let isSlow = true;
    let bytes = 0;
    const call = record(
      upstreamAt(t, wire.url),
      {},
      {
        onData(chunk) {
          bytes += chunk.length;
          return !isSlow;
        },
      },
    );
    await call.hears('head 200');
    await eventually(() => assert.ok(bytes > 0));
    const before = bytes;
    call.resume();
    await eventually(() => assert.ok(bytes > before));
    assert.ok(bytes < 1_000_000, `${bytes} bytes`);
    isSlow = false;
    call.resume();
    await call.hears('end');
    assert.equal(bytes, size);
  });

  test('an upstream that does not read stops the body', async (t) => {
    const wire = await startWire(t, ({ socket }) => void socket.pause());
    let given = 0;
    const body = new Readable({
      read() {
        given += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    const call = record(upstreamAt(t, wire.url), { method: 'POST', body, isChunked: true });
    let before = -1;
    await eventually(
      () => {
        const moved = given - before;
        before = given;
        assert.equal(moved, 0);
      },
      DEADLINE_MS,
      100,
    );
    assert.ok(given > 0 && given < 20_000_000, `${given} bytes`);
    call.abort();
    assert.ok(body.destroyed);
  });
});
