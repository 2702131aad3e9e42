import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Reply } from '../../../../../src/input/proxy/client/reply.ts';
import { until } from '../../../../support/clients.ts';
import { startReplying } from '../../../../support/replying.ts';

const KEEP = 'Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n';
const CLOSE = 'Connection: close\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const head = (headers: readonly string[] = [], status = 200) => ({ status, reason: 'OK', headers });

/** All bytes there are, so that none is read as something else. */
const text = (length: number): string => Array.from({ length }, (_, at) => String.fromCharCode(at % 256)).join('');
const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`;

interface Way {
  readonly method?: string;
  readonly version?: string;
  readonly fields?: string;
  readonly headers: (length: number) => readonly string[];
  readonly head: (length: number) => string;
  readonly body: (pieces: readonly string[]) => string;
  readonly isLast?: boolean;
}

/** How the client knows the end of a body (RFC 9112 section 6.3). */
const WAYS: Readonly<Record<string, Way>> = {
  length: {
    headers: (length) => ['content-Length', `${length}`],
    head: (length) => `content-Length: ${length}\r\n${KEEP}`,
    body: (pieces) => pieces.join(''),
  },
  chunked: {
    headers: () => ['X-A', 'caf\u00e9'],
    head: () => `X-A: caf\u00e9\r\n${KEEP}${CHUNKED}`,
    body: (pieces) => `${pieces.map(chunk).join('')}0\r\n\r\n`,
  },
  'length to HTTP/1.0': {
    version: '1.0',
    headers: (length) => ['Content-Length', `${length}`],
    head: (length) => `Content-Length: ${length}\r\n${CLOSE}`,
    body: (pieces) => pieces.join(''),
    isLast: true,
  },
  'length to HTTP/1.0 that stays': {
    version: '1.0',
    fields: 'Connection: keep-alive\r\n',
    headers: (length) => ['Content-Length', `${length}`],
    head: (length) => `Content-Length: ${length}\r\n${KEEP}`,
    body: (pieces) => pieces.join(''),
  },
  'the close of a connection that was to stay': {
    version: '1.0',
    fields: 'Connection: keep-alive\r\n',
    headers: () => [],
    head: () => CLOSE,
    body: (pieces) => pieces.join(''),
    isLast: true,
  },
  'the close of the connection': {
    version: '1.0',
    headers: () => [],
    head: () => CLOSE,
    body: (pieces) => pieces.join(''),
    isLast: true,
  },
};

for (const [what, way] of Object.entries(WAYS)) {
  for (const size of [0, 1, 3000, 8192, 8193, 100_000]) {
    const body = text(size);
    const third = Math.ceil(size / 3);
    const pieces = [body.slice(0, third), body.slice(third, 2 * third), body.slice(2 * third)].filter(
      (one) => one !== '',
    );
    const begin = (reply: Reply): void => reply.head(head(way.headers(size)), true);
    const writeAll = (reply: Reply): void => {
      begin(reply);
      for (const piece of pieces) reply.write(Buffer.from(piece, 'latin1'));
      reply.end([]);
    };
    const { version = '1.1', fields = '', isLast = false } = way;
    const expected = (sent: readonly string[]): string => `HTTP/1.1 200 OK\r\n${way.head(size)}\r\n${way.body(sent)}`;

    /** Those bytes and no others; then the next request is served, or the connection is closed. */
    const check = async (
      { client, clients }: Awaited<ReturnType<typeof startReplying>>,
      wanted: string,
    ): Promise<void> => {
      await until(() => assert.ok(client.text().length >= wanted.length));
      if (isLast) await until(() => assert.ok(client.socket.readableEnded));
      else {
        client.socket.write('GET /2 HTTP/1.1\r\n\r\n');
        await until(() => assert.equal(clients.served.length, 2));
      }
      assert.ok(client.text() === wanted, JSON.stringify(client.text().slice(0, 300)));
    };

    test(`${size} bytes that end by ${what} go out at once in the read that brought the request`, async (t) => {
      const replying = await startReplying(t, { version, fields, play: writeAll });
      await check(replying, expected(body === '' ? [] : [body]));
      assert.equal(replying.told.finished, 1);
    });

    test(`${size} bytes that end by ${what} go out piece by piece`, async (t) => {
      const replying = await startReplying(t, { version, fields });
      const { reply, served } = replying;
      begin(reply);
      for (const piece of pieces) {
        await turn();
        reply.write(Buffer.from(piece, 'latin1'));
      }
      await turn();
      assert.equal(reply.isFinished, false);
      reply.end([]);
      await until(() => assert.equal(reply.isFinished, true));
      assert.equal(served.connection.running, undefined);
      await check(replying, expected(pieces));
    });
  }
}

describe('an answer without a body', () => {
  for (const [what, method, status, headers, kept] of [
    ['to HEAD, with a length', 'HEAD', 200, ['Content-Length', '5'], 'Content-Length: 5\r\n'],
    ['to HEAD, without', 'HEAD', 200, ['Transfer-Encoding', 'chunked'], ''],
    ['204', 'GET', 204, [], ''],
    ['304', 'GET', 304, ['Content-Length', '5', 'Etag', 'a'], 'Content-Length: 5\r\nEtag: a\r\n'],
  ] as const)
    test(`${what} ends with its head`, async (t) => {
      const { client, reply, told } = await startReplying(t, { method });
      reply.head(head(headers, status), true);
      reply.end(['X-T', '1']);
      await until(() => assert.equal(told.finished, 1));
      assert.equal(await client.has(/\r\n\r\n/), `HTTP/1.1 ${status} OK\r\n${kept}${KEEP}\r\n`);
    });
});

describe('headers', () => {
  test('about the connection are ours', async (t) => {
    const { client, reply } = await startReplying(t);
    const headers = [
      'A',
      '1',
      'Connection',
      'x, close',
      'X',
      'y',
      'Keep-Alive',
      'timeout=1',
      'Transfer-Encoding',
      'chunked',
    ];
    reply.head(head([...headers, 'a', '2']), true);
    reply.end([]);
    const expected = `HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n${KEEP}${CHUNKED}\r\n0\r\n\r\n`;
    assert.equal(await client.has(/0\r\n\r\n$/), expected);
  });

  test('say that the connection closes where it shall', async (t) => {
    const { client, reply } = await startReplying(t);
    reply.head(head(['Content-Length', '2']), false);
    reply.write(Buffer.from('ok'));
    reply.end([]);
    await until(() => assert.ok(client.socket.readableEnded));
    assert.equal(client.text(), `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${CLOSE}\r\nok`);
  });

  test('go out on their own where no body is here yet', async (t) => {
    const { client, reply } = await startReplying(t);
    reply.head(head(), true);
    assert.equal(await client.has(/\r\n\r\n$/), `HTTP/1.1 200 OK\r\n${KEEP}${CHUNKED}\r\n`);
  });
});

describe('trailers', () => {
  test('go out behind chunks, without those about the connection', async (t) => {
    const { client, reply } = await startReplying(t);
    reply.head(head(['Trailer', 'X-T']), true);
    reply.write(Buffer.from('abc'));
    reply.end(['X-T', '1', 'Connection', 'close', 'x-t', '2']);
    const expected = `HTTP/1.1 200 OK\r\nTrailer: X-T\r\n${KEEP}${CHUNKED}\r\n3\r\nabc\r\n0\r\nX-T: 1\r\nx-t: 2\r\n\r\n`;
    assert.equal(await client.has(/x-t: 2\r\n\r\n$/), expected);
  });

  for (const [what, options, headers, kept] of [
    ['a length', {}, ['Content-Length', '0'], 'Content-Length: 0\r\n'],
    ['no body', { method: 'HEAD' }, [], ''],
    ['HTTP/1.0', { version: '1.0' }, [], ''],
  ] as const)
    test(`have no place in an answer with ${what}, nor has their announcement`, async (t) => {
      const { client, reply } = await startReplying(t, options);
      reply.head(head(['Trailer', 'X-T', ...headers, 'trailer', 'X-U']), true);
      reply.end(['X-T', '1']);
      await until(() => assert.equal(reply.isFinished, true));
      const connection = 'version' in options ? CLOSE : KEEP;
      assert.equal(await client.has(/\r\n\r\n$/), `HTTP/1.1 200 OK\r\n${kept}${connection}\r\n`);
    });
});

describe('1xx', () => {
  const EARLY = { status: 103, reason: 'Early Hints', headers: ['Link', '</a>'] };

  test('go out as they came, before the answer and not behind its head', async (t) => {
    const { client, reply } = await startReplying(t);
    reply.information(EARLY);
    reply.information(EARLY);
    assert.equal(reply.status, undefined);
    reply.head(head(['Content-Length', '1']), true);
    reply.information(EARLY);
    reply.write(Buffer.from('.'));
    reply.end([]);
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    assert.equal(await client.has(/\.$/), `${hints}${hints}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n${KEEP}\r\n.`);
  });

  test('are kept from HTTP/1.0', async (t) => {
    const { client, reply } = await startReplying(t, { version: '1.0' });
    reply.information(EARLY);
    reply.head(head(['Content-Length', '1']), true);
    reply.write(Buffer.from('.'));
    reply.end([]);
    assert.match(await client.has(/\.$/), /^HTTP\/1\.1 200/);
  });
});

describe('an answer of our own', () => {
  const OWN = { status: 503, reason: 'No', headers: ['content-length', '4', 'x', 'y'], body: 'sorr' };
  const DATE = 'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n';
  const fields = `content-length: 4\r\nx: y\r\n${DATE}`;

  test('has a date', async (t) => {
    const { client, reply } = await startReplying(t);
    reply.own(OWN, true);
    assert.equal(await client.has(/sorr$/), `HTTP/1.1 503 No\r\n${fields}${KEEP}\r\nsorr`);
    assert.equal(reply.status, 503);
  });

  test('has no body for HEAD', async (t) => {
    const { client, reply } = await startReplying(t, { method: 'HEAD' });
    reply.own(OWN, false);
    await until(() => assert.ok(client.socket.readableEnded));
    assert.equal(client.text(), `HTTP/1.1 503 No\r\n${fields}${CLOSE}\r\n`);
  });
});
