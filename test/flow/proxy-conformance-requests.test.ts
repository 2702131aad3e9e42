import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ask, endToEnd, type Seen, startThreeWays, unordered, type Way } from '../support/wire-conformance.ts';
import { readWire, type WireMessage } from '../support/wire-reading.ts';

interface Legal {
  readonly request: string;
  /** What is changed on our way, or on nginx's, and why; without it, it arrives as it was sent and the answer is the same. */
  readonly ours?: string;
  readonly nginx?: string;
  /** Methods, where it is more than one request, or HEAD. */
  readonly methods?: readonly string[];
}

const END = 'Host: x\r\n\r\n';
const CHUNKED = `Transfer-Encoding: chunked\r\n${END}`;
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

const PATH_ONLY = 'the upstream is an origin server, and is sent the path (RFC 9112 section 3.2.1)';
const CONTINUED = 'answered here, as nginx does: the body is asked for at once (RFC 9110 section 10.1.1)';
const NO_EXPECT = 'an expectation is about one hop';
const ONE_HOP = 'nginx passes fields on that Connection names; it must not (RFC 9110 section 7.6.1)';
const UPGRADED = '1.1 is our version (RFC 9110 section 2.5)';

const LEGAL: Readonly<Record<string, Legal>> = {
  'the least there is': { request: `GET /a HTTP/1.1\r\n${END}` },
  'a method of WebDAV': { request: `PROPFIND /a HTTP/1.1\r\n${END}` },
  'a method with a dash': { request: `M-SEARCH /a HTTP/1.1\r\n${END}` },
  'a method that nobody knows': { request: `FROB /a HTTP/1.1\r\n${END}` },
  HEAD: { request: `HEAD /a HTTP/1.1\r\n${END}`, methods: ['HEAD'] },
  'OPTIONS of a path': { request: `OPTIONS /a HTTP/1.1\r\n${END}` },
  'OPTIONS of everything': {
    request: `OPTIONS * HTTP/1.1\r\n${END}`,
    ours: 'it asks about the server, not an API behind it (RFC 9110 section 9.3.7)',
    nginx: 'the same',
  },
  'DELETE with a body': { request: `DELETE /a HTTP/1.1\r\nContent-Length: 2\r\n${END}{}` },
  'GET with a body': { request: `GET /a HTTP/1.1\r\nContent-Length: 2\r\n${END}{}` },
  'GET with chunks': { request: `GET /a HTTP/1.1\r\n${CHUNKED}2\r\n{}\r\n0\r\n\r\n` },
  'POST of nothing': { request: `POST /a HTTP/1.1\r\nContent-Length: 0\r\n${END}` },
  'POST without a length': { request: `POST /a HTTP/1.1\r\n${END}` },
  'no chunks but the last': { request: `POST /a HTTP/1.1\r\n${CHUNKED}0\r\n\r\n` },
  chunks: { request: `POST /a HTTP/1.1\r\n${CHUNKED}5\r\nhello\r\n0\r\n\r\n` },
  'chunks with extensions and zeros': {
    request: `POST /a HTTP/1.1\r\n${CHUNKED}0005;a=b\r\nhello\r\nA;x="y"\r\n0123456789\r\n0\r\n\r\n`,
  },
  trailers: {
    request: `POST /a HTTP/1.1\r\nTrailer: X-T\r\n${CHUNKED}5\r\nhello\r\n0\r\nX-T: 1\r\nx-t: 2\r\n\r\n`,
    nginx: 'nginx drops trailers, as it may (RFC 9110 section 6.5.2)',
  },
  'Transfer-Encoding in odd letters': {
    request: `POST /a HTTP/1.1\r\ntRANSFER-eNCODING: CHUNKED\r\n${END}5\r\nhello\r\n0\r\n\r\n`,
  },
  'Transfer-Encoding behind a tab': {
    request: `POST /a HTTP/1.1\r\nTransfer-Encoding:\tchunked\r\n${END}5\r\nhello\r\n0\r\n\r\n`,
    nginx: 'nginx does not take the tab for space (RFC 9110 section 5.6.3)',
  },
  'a target with everything in it': { request: `GET /a/../%7Eb//c;d?x=1&&y=%00%zz'"<>|^\`{} HTTP/1.1\r\n${END}` },
  'a target with a fragment': { request: `GET /a#b HTTP/1.1\r\n${END}` },
  'a target that is a query': { request: `GET /?a HTTP/1.1\r\n${END}` },
  'a target of twenty KiB': { request: `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${END}` },
  'a whole URL': { request: `GET http://x.example/a?b HTTP/1.1\r\n${END}`, ours: PATH_ONLY, nginx: PATH_ONLY },
  'a whole URL without a path': {
    request: `GET http://x.example HTTP/1.1\r\n${END}`,
    ours: PATH_ONLY,
    nginx: PATH_ONLY,
  },
  'fields in odd order, case and number': {
    request: `GET /a HTTP/1.1\r\nzeta:1\r\nX-Odd-CASE: \t2 \t\r\nE:\r\nCookie: a=1\r\ncookie: b=2\r\nX_Under: 1\r\nX-L: caf\u00e9\r\n${END}`,
  },
  'fields of one hop': {
    request: `GET /a HTTP/1.1\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\n${END}`,
    nginx: ONE_HOP,
  },
  'fields of proxies': {
    request: `GET /a HTTP/1.1\r\nProxy-Authorization: Basic x\r\nMax-Forwards: 3\r\nVia: 1.0 x\r\nForwarded: for=1\r\nX-Forwarded-For: 1\r\n${END}`,
  },
  'an expectation of 100': {
    request: `POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n${END}{}`,
    ours: CONTINUED,
    nginx: CONTINUED,
  },
  'an odd expectation': {
    request: `POST /a HTTP/1.1\r\nExpect: the-unexpected\r\nContent-Length: 2\r\n${END}{}`,
    ours: NO_EXPECT,
    nginx: NO_EXPECT,
  },
  'HTTP/1.0': { request: 'GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', ours: UPGRADED, nginx: UPGRADED },
  'HTTP/1.0 with a body': {
    request: 'POST /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}',
    ours: UPGRADED,
    nginx: UPGRADED,
  },
  'three in a row': {
    request: `GET /a HTTP/1.1\r\n${END}POST /b HTTP/1.1\r\nContent-Length: 2\r\n${END}{}GET /c HTTP/1.1\r\n${END}`,
    methods: ['GET', 'POST', 'GET'],
  },
  'forty KiB of fields': {
    request: `GET /a HTTP/1.1\r\n${Array.from({ length: 1000 }, (_, at) => `X-Pad-${at}: ${'a'.repeat(30)}\r\n`).join('')}${END}`,
    nginx: 'nginx takes a hundred fields',
  },
  'a length with zeros': { request: `POST /a HTTP/1.1\r\nContent-Length: 0002\r\n${END}{}` },
  'a host with a port': { request: 'GET /a HTTP/1.1\r\nHost: x.example:8080\r\n\r\n' },
  'an empty host': { request: 'GET /a HTTP/1.1\r\nHost:\r\n\r\n', nginx: 'nginx wants a name' },
  'a body of line ends and NUL': { request: `POST /a HTTP/1.1\r\nContent-Length: 5\r\n${END}\0\r\n\r\n` },
};

/** Statuses that the client sees from us, and from nginx, and what of it reached the upstream there. None of it reaches it through us. */
type Illegal = readonly [request: string, ours: number, nginx: number | 'passes', why: string];

const FRAMING = 'RFC 9112 section 6.3';
const FIELD = 'RFC 9112 section 5';
const TWO_WAYS = 'RFC 9112 section 11.2';

const ILLEGAL: Readonly<Record<string, Illegal>> = {
  'no host': ['GET /a HTTP/1.1\r\n\r\n', 400, 400, 'RFC 9112 section 3.2'],
  'two hosts': [`GET /a HTTP/1.1\r\nHost: y\r\n${END}`, 400, 400, 'RFC 9112 section 3.2'],
  'a host that is none': ['GET /a HTTP/1.1\r\nHost: a b/c@d\r\n\r\n', 400, 400, 'RFC 9112 section 3.2'],
  'a length, then chunks': [
    `POST /a HTTP/1.1\r\nContent-Length: 6\r\n${CHUNKED}0\r\n\r\nX${SMUGGLED}`,
    400,
    400,
    FRAMING,
  ],
  'chunks, then a length': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n${END}2e\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    400,
    400,
    FRAMING,
  ],
  'identity and a length': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n${END}{}`,
    400,
    501,
    FRAMING,
  ],
  identity: [`POST /a HTTP/1.1\r\nTransfer-Encoding: identity\r\n${END}${SMUGGLED}`, 501, 501, FRAMING],
  'chunked, then identity': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n${END}0\r\n\r\n${SMUGGLED}`,
    400,
    501,
    FRAMING,
  ],
  'gzip in chunks': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n${END}0\r\n\r\n`,
    501,
    501,
    'RFC 9112 section 6.1',
  ],
  'chunked twice': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n${END}0\r\n\r\n`,
    400,
    400,
    'RFC 9112 section 6.1',
  ],
  'chunked, and identity in another field': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n${END}0\r\n\r\n${SMUGGLED}`,
    400,
    400,
    FRAMING,
  ],
  'another coding': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n${END}0\r\n\r\n${SMUGGLED}`,
    501,
    501,
    FRAMING,
  ],
  'a space before the colon of the coding': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n${END}0\r\n\r\n${SMUGGLED}`,
    400,
    400,
    'RFC 9112 section 5.1',
  ],
  'a control character before the coding': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding: \u000bchunked\r\nContent-Length: 5\r\n${END}0\r\n\r\n`,
    400,
    501,
    FIELD,
  ],
  'a coding in quotes': [`POST /a HTTP/1.1\r\nTransfer-Encoding: "chunked"\r\n${END}0\r\n\r\n`, 501, 501, FRAMING],
  'a folded coding': [
    `POST /a HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n${END}0\r\n\r\n`,
    400,
    400,
    'RFC 9112 section 5.2',
  ],
  'NUL behind the coding': [`POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\0\r\n${END}0\r\n\r\n`, 400, 400, FIELD],
  'a coding in HTTP/1.0': [
    `POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n${END}0\r\n\r\n`,
    400,
    400,
    'RFC 9112 section 6.1',
  ],
  'a coding behind a bare LF': [
    `POST /a HTTP/1.1\r\nX: 1\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n${END}0\r\n\r\n`,
    400,
    400,
    TWO_WAYS,
  ],
  'two lengths': [
    `POST /a HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 40\r\n${END}{}${SMUGGLED}`,
    400,
    400,
    FRAMING,
  ],
  'the same length twice': [
    `POST /a HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n${END}{}`,
    400,
    400,
    FRAMING,
  ],
  'a list of lengths': [`POST /a HTTP/1.1\r\nContent-Length: 2, 2\r\n${END}{}`, 400, 400, FRAMING],
  'a length with a plus': [`POST /a HTTP/1.1\r\nContent-Length: +2\r\n${END}{}`, 400, 400, FRAMING],
  'a length below 0': [`POST /a HTTP/1.1\r\nContent-Length: -2\r\n${END}{}`, 400, 400, FRAMING],
  'a length in hexadecimal': [`POST /a HTTP/1.1\r\nContent-Length: 0x2\r\n${END}{}`, 400, 400, FRAMING],
  'a length with a space in it': [`POST /a HTTP/1.1\r\nContent-Length: 2 2\r\n${END}{}`, 400, 400, FRAMING],
  'an empty length': [`POST /a HTTP/1.1\r\nContent-Length:\r\n${END}`, 400, 400, FRAMING],
  'a length that would wrap': [
    `POST /a HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n${END}{}`,
    400,
    400,
    FRAMING,
  ],
  'a space before the colon of a length': [
    `POST /a HTTP/1.1\r\nContent-Length : 2\r\n${END}{}`,
    400,
    400,
    'RFC 9112 section 5.1',
  ],
  'a chunk size that is none': [
    `POST /a HTTP/1.1\r\n${CHUNKED}ZZ\r\n{}\r\n0\r\n\r\n`,
    400,
    400,
    'RFC 9112 section 7.1',
  ],
  'a chunk size below 0': [`POST /a HTTP/1.1\r\n${CHUNKED}-1\r\n{}\r\n0\r\n\r\n`, 400, 400, 'RFC 9112 section 7.1'],
  'a chunk size with 0x': [`POST /a HTTP/1.1\r\n${CHUNKED}0x2\r\n{}\r\n0\r\n\r\n`, 400, 400, 'RFC 9112 section 7.1'],
  'a chunk size that would wrap': [
    `POST /a HTTP/1.1\r\n${CHUNKED}10000000000000002\r\n{}\r\n0\r\n\r\n`,
    400,
    400,
    'RFC 9112 section 7.1',
  ],
  'a chunk that is longer than it says': [
    `POST /a HTTP/1.1\r\n${CHUNKED}1\r\n{}\r\n0\r\n\r\n`,
    400,
    400,
    'RFC 9112 section 7.1',
  ],
  'a space behind a chunk size': [
    `POST /a HTTP/1.1\r\n${CHUNKED}2 \r\n{}\r\n0\r\n\r\n`,
    400,
    'passes',
    'RFC 9112 section 7.1.1',
  ],
  'chunks with bare LF': [`POST /a HTTP/1.1\r\n${CHUNKED}2\n{}\n0\n\n`, 400, 'passes', TWO_WAYS],
  'a bare LF in an extension': [`POST /a HTTP/1.1\r\n${CHUNKED}2;\n{}\r\n0\r\n\r\n`, 400, 'passes', TWO_WAYS],
  'a bare CR in an extension': [`POST /a HTTP/1.1\r\n${CHUNKED}2;a\rb\r\n{}\r\n0\r\n\r\n`, 400, 400, TWO_WAYS],
  'a length among the trailers': [
    `POST /a HTTP/1.1\r\n${CHUNKED}2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n`,
    400,
    'passes',
    'RFC 9110 section 6.5.1',
  ],
  'a bare LF among the trailers': [`POST /a HTTP/1.1\r\n${CHUNKED}2\r\n{}\r\n0\r\nA: 1\n\r\n`, 400, 'passes', TWO_WAYS],
  'a folded field': [`GET /a HTTP/1.1\r\nX: 1\r\n 2\r\n${END}`, 400, 400, 'RFC 9112 section 5.2'],
  'nothing but LF': [
    'GET /a HTTP/1.1\nHost: x\n\n',
    400,
    'passes',
    'it may be taken, and need not (RFC 9112 section 2.2)',
  ],
  'a bare LF in the head': [`GET /a HTTP/1.1\r\nX: 1\nY: 2\r\n${END}`, 400, 'passes', TWO_WAYS],
  'a bare CR in a field': [`GET /a HTTP/1.1\r\nX: 1\rY: 2\r\n${END}`, 400, 400, 'RFC 9112 section 2.2'],
  'NUL in a field': [`GET /a HTTP/1.1\r\nX: a\0b\r\n${END}`, 400, 400, 'RFC 9110 section 5.5'],
  'NUL in a name': [`GET /a HTTP/1.1\r\nX\0: a\r\n${END}`, 400, 400, FIELD],
  'DEL in a field': [`GET /a HTTP/1.1\r\nX: a\x7f\r\n${END}`, 400, 'passes', 'RFC 9110 section 5.5'],
  'a field without a colon': [`GET /a HTTP/1.1\r\nX\r\n${END}`, 400, 'passes', FIELD],
  'a field without a name': [`GET /a HTTP/1.1\r\n: x\r\n${END}`, 400, 400, FIELD],
  'a name with a space': [`GET /a HTTP/1.1\r\nX Y: x\r\n${END}`, 400, 400, FIELD],
  'a space before the first field': [`GET /a HTTP/1.1\r\n X: x\r\n${END}`, 400, 400, 'RFC 9112 section 2.2'],
  'a name above 0x7f': [`GET /a HTTP/1.1\r\nX\u00e9: x\r\n${END}`, 400, 'passes', FIELD],
  'a target above 0x7f': [`GET /\u00e9?\u00ff HTTP/1.1\r\n${END}`, 400, 'passes', 'RFC 3986 section 2'],
  'a method in small letters': [
    `get /a HTTP/1.1\r\n${END}`,
    400,
    400,
    'RFC 9110 section 9.1: it may be taken; nobody has seen one',
  ],
  'a method that is no token': [`G@T /a HTTP/1.1\r\n${END}`, 400, 400, 'RFC 9110 section 9.1'],
  'a tab in the request line': [`GET\t/a HTTP/1.1\r\n${END}`, 400, 400, 'RFC 9112 section 3'],
  'a space in the target': [`GET /a b HTTP/1.1\r\n${END}`, 400, 400, 'RFC 9112 section 3.2'],
  'a control character in the target': [`GET /a\x01b HTTP/1.1\r\n${END}`, 400, 400, 'RFC 9112 section 3.2'],
  'a target without a slash': [`GET a HTTP/1.1\r\n${END}`, 400, 400, 'RFC 9112 section 3.2'],
  'HTTP/0.9': ['GET /a\r\n\r\n', 505, 'passes', 'RFC 9112 appendix C.1'],
  'HTTP/2.0': [`GET /a HTTP/2.0\r\n${END}`, 505, 505, 'RFC 9112 section 2.3'],
  'HTTP/1.2': [
    `GET /a HTTP/1.2\r\n${END}`,
    505,
    'passes',
    'RFC 9112 section 2.3: it may be taken for 1.1; nobody has seen one',
  ],
  'a version in small letters': [`GET /a http/1.1\r\n${END}`, 400, 400, 'RFC 9112 section 2.3'],
  'the preface of HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 400, 'RFC 9113 section 3.4'],
};

/** Behind each request, on its connection: where a request ends is where this one begins. */
const LAST = `GET /last HTTP/1.1\r\nConnection: close\r\n${END}`;

test('what reaches the upstream of a request', async (t) => {
  let arrived: WireMessage[] = [];
  const three = await startThreeWays(t, (request, { socket }) => {
    arrived.push(request);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${request.start.startsWith('HEAD') ? '' : 'ok'}`);
  });

  async function send(t: TestContext, way: Way, sent: { request: string; methods?: readonly string[] }) {
    arrived = [];
    const methods = sent.methods ?? [/^\S+/.exec(sent.request)?.[0] ?? ''];
    const seen: Seen = await ask(t, three.ports[way], sent.request + LAST, [...methods, 'GET']);
    return {
      ...seen,
      // Chunks in one piece get a length from nginx, and lengths are written anew.
      arrived: arrived.map(shown),
      unordered: arrived.map((message) => unordered(endToEnd(message.fields), ['content-length'])),
    };
  }

  for (const [name, { ours, nginx, ...sent }] of Object.entries(LEGAL)) {
    await t.test(`${name}: ${ours ?? 'as it was sent'}`, async (t) => {
      const direct = await send(t, 'direct', sent);
      const through = await send(t, 'ours', sent);
      const isSame =
        JSON.stringify([through.arrived, through.answers]) === JSON.stringify([direct.arrived, direct.answers]);
      assert.equal(isSame, ours === undefined, JSON.stringify([through, direct]));
      const third = await send(t, 'nginx', sent);
      const nginxSees = [third.arrived.map(bare), third.answers, third.unordered];
      const directSees = [direct.arrived.map(bare), direct.answers, direct.unordered];
      assert.equal(
        JSON.stringify(nginxSees) === JSON.stringify(directSees),
        nginx === undefined,
        JSON.stringify([nginxSees, directSees]),
      );
    });
  }

  for (const [name, [request, ours, nginx, why]] of Object.entries(ILLEGAL)) {
    await t.test(`${name}: ${ours}, ${why}`, async (t) => {
      const { answers, arrived } = await send(t, 'ours', { request });
      assert.deepEqual(answers, [`gateway ${ours}`]);
      assert.deepEqual(arrived, []);
      const third = await send(t, 'nginx', { request });
      if (nginx === 'passes') assert.ok(third.arrived.length > 0);
      else assert.deepEqual([third.answers, third.arrived], [[`gateway ${nginx}`], []]);
    });
  }

  await t.test('whatever was sent, all that arrived was whole requests, and none was smuggled', () => {
    for (const connection of three.wire.connections) {
      const { messages, rest } = readWire(connection.text(), true);
      assert.deepEqual(
        [rest, messages.filter(({ isWhole, start }) => !isWhole || start.includes('smuggled'))],
        ['', []],
      );
    }
  });
});

interface Shown {
  readonly start: string;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

function shown({ start, fields, body, trailers }: WireMessage): Shown {
  return { start, fields: endToEnd(fields), body, trailers };
}

function bare({ start, body, trailers }: Shown): readonly unknown[] {
  return [start, body, trailers];
}
