import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { InvalidMessageError } from '../../../../../src/input/proxy/http/fields.ts';
import { HeadTooLargeError } from '../../../../../src/input/proxy/http/head-reader.ts';
import { byteByByte, cut, type Reading, readRequests } from '../../../../support/requests/reading.ts';

const GET = 'GET /g HTTP/1.1\r\nHost: x\r\n\r\n';
const LENGTH = 'POST /l HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n0\r\n\r\nGET / H';
const CHUNKED =
  'PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00b;a=b\r\n0\r\n\r\nGET / \r\n0\r\nX-T: 1\r\nx-t:\r\n\r\n';
const EMPTY_CHUNKED = 'PUT /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';

/** What a reader of it would tell apart. */
const outline = ({ requests, error, isInHead }: Reading): unknown => ({
  requests: requests.map(({ head, body, trailers }) => [head.method, head.url, head.headers, body, trailers]),
  error: error?.message,
  isInHead,
});

const summary = (text: string): readonly (readonly [string, string])[] => {
  const { requests, error } = readRequests(cut(text));
  assert.equal(error, undefined);
  return requests.map(({ head, body, trailers }) => {
    assert.ok(trailers !== undefined, `the end of ${head.url}`);
    return [head.url, body] as const;
  });
};

test('requests come one after the other, each with its own body', () => {
  assert.deepEqual(summary(`${GET}${LENGTH}${CHUNKED}${GET}${EMPTY_CHUNKED}`), [
    ['/g', ''],
    ['/l', '0\r\n\r\nGET / H'],
    ['/c', 'hello0\r\n\r\nGET / '],
    ['/g', ''],
    ['/e', ''],
  ]);
});

test('trailers are those of their own request', () => {
  const { requests } = readRequests(cut(`${CHUNKED}${EMPTY_CHUNKED}${GET}`));
  assert.deepEqual(
    requests.map(({ trailers }) => trailers),
    [['X-T', '1', 'x-t', ''], [], []],
  );
});

test('however the bytes are cut, the same requests are read, and the same is wrong', () => {
  const part = fc.constantFrom(
    ...[GET, LENGTH, CHUNKED, EMPTY_CHUNKED, '\r\n', '\r\n\r\n', 'DELETE /half HTTP/1.1\r\nX:'],
    ...[
      'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab',
      '\0',
      'GET /\n\r\n\r\n',
      `${'M'.repeat(65)} / HTTP/1.1\r\n\r\n`,
    ],
    ...['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab', 'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n'],
    `GET / HTTP/1.1\r\nX: ${'a'.repeat(120)}\r\n\r\n`,
  );
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.nat(40)), { maxLength: 80 });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), sizes, (parts, cuts) => {
      const text = parts.join('');
      const whole = readRequests(cut(text), { maxHeadBytes: 100 });
      const pieces = readRequests(cut(text, cuts), { maxHeadBytes: 100 });
      // Two things may be wrong with one head, and which of them shows first is a matter of the cut.
      assert.equal(pieces.error === undefined, whole.error === undefined, String(pieces.error ?? whole.error));
      const seen = { ...pieces, error: undefined };
      if (whole.error === undefined) assert.deepEqual(outline(seen), outline(whole));
      else
        assert.deepEqual(
          outline({ ...seen, isInHead: false }),
          outline({ ...whole, error: undefined, isInHead: false }),
        );
    }),
    { numRuns: 2000 },
  );
});

test('it stops behind each request, and hands back what follows', () => {
  for (const [text, count] of [
    [GET, 1],
    [LENGTH, 1],
    [CHUNKED, 1],
  ] as const) {
    const rest = 'another protocol\r\n\r\n';
    const { requests } = readRequests(cut(`${text}${rest}`), { isLast: () => true });
    assert.equal(requests.length, count);
  }
});

describe('blank lines', () => {
  for (const blank of ['\r\n', '\r\n\r\n', '\n', '\r', '\n\r\r\n']) {
    test(`${JSON.stringify(blank)} before a request is passed over (RFC 9112 section 2.2)`, () => {
      assert.deepEqual(summary(`${blank}${GET}${blank}${LENGTH}${blank}`), [
        ['/g', ''],
        ['/l', '0\r\n\r\nGET / H'],
      ]);
      assert.equal(readRequests(byteByByte(`${blank}${GET}`)).requests.length, 1);
    });
  }

  test('they are no beginning of a head', () => assert.equal(readRequests(cut('\r\n\r\n')).isInHead, false));

  test('they do not count as part of it', () =>
    assert.equal(readRequests(cut(`${'\r\n'.repeat(1000)}${GET}`), { maxHeadBytes: 100 }).requests.length, 1));

  test('spaces before a request are no blank line', () =>
    assert.ok(readRequests(cut(` \r\n${GET}`)).error instanceof InvalidMessageError));
});

describe('what will never be a request is refused at once', () => {
  for (const [what, text] of [
    ['a TLS handshake', '\x16\x03\x01'],
    ['a space', ' '],
    ['a byte above 0x7f', '\x80'],
    ['a line of SMTP', 'EHLO\r\n'],
    ['a method without an end', 'M'.repeat(65)],
    ['a bare LF', 'GET / HTTP/1.1\n'],
    ['a bare LF in a field', 'GET / HTTP/1.1\r\nHost: x\n'],
  ] as const) {
    test(what, () => {
      assert.ok(readRequests(cut(text)).error instanceof InvalidMessageError);
      assert.ok(readRequests(byteByByte(text)).error instanceof InvalidMessageError);
      assert.ok(readRequests(cut(`${GET}${text}`)).error instanceof InvalidMessageError, 'behind a request');
    });
  }

  test('what may still become one is not', () => {
    for (const text of ['G', 'GET', 'M'.repeat(64), 'GET ', 'GET / HTTP/1.1\r']) {
      const { error, isInHead } = readRequests(cut(text));
      assert.deepEqual([error, isInHead], [undefined, true], text);
    }
  });
});

describe('a method', () => {
  for (const pieces of [cut, byteByByte]) {
    test(`of 64 letters is read, ${pieces.name}`, () =>
      assert.equal(readRequests(pieces(`${'M'.repeat(64)} / HTTP/1.1\r\n\r\n`)).requests.length, 1));
    test(`of 65 letters is refused, ${pieces.name}`, () =>
      assert.ok(readRequests(pieces(`${'M'.repeat(65)} / HTTP/1.1\r\n\r\n`)).error instanceof InvalidMessageError));
  }
});

describe('the bound of a head', () => {
  const head = GET.slice(0, -4);
  for (const pieces of [cut, byteByByte]) {
    test(`is its last byte, ${pieces.name}`, () => {
      assert.equal(readRequests(pieces(GET), { maxHeadBytes: head.length }).error, undefined);
      const { requests, error } = readRequests(pieces(GET), { maxHeadBytes: head.length - 1 });
      assert.ok(error instanceof HeadTooLargeError);
      assert.equal(requests.length, 0);
    });
  }

  test('is that of each, and a body does not count', () => {
    const { requests, error } = readRequests(cut(`${GET}${LENGTH}${GET}`), { maxHeadBytes: 60 });
    assert.deepEqual([requests.length, error], [3, undefined]);
  });
});

describe('chunks', () => {
  const put = (body: string): Reading =>
    readRequests(cut(`PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${body}`));

  test('no space stands behind a size: clients write none, and some servers stop at it', () => {
    for (const body of ['1 \r\na\r\n0\r\n\r\n', '1\t\r\na\r\n0\r\n\r\n', '1 ;a\r\na\r\n0\r\n\r\n', '0 \r\n\r\n'])
      assert.ok(put(body).error instanceof InvalidMessageError, JSON.stringify(body));
  });

  test('a request whose framing breaks has no end', () => {
    const { requests, error } = put('1\r\nab');
    assert.ok(error instanceof InvalidMessageError);
    assert.deepEqual(
      requests.map(({ body, trailers }) => [body, trailers]),
      [['a', undefined]],
    );
  });

  test('trailers that say where a body ends are refused (RFC 9110 section 6.5.1)', () => {
    for (const field of [
      'Content-Length: 0',
      'content-length: 5',
      'TRANSFER-ENCODING: chunked',
      'X: 1\r\nContent-Length:',
    ]) {
      const { requests, error } = put(`0\r\n${field}\r\n\r\n`);
      assert.ok(error instanceof InvalidMessageError, field);
      assert.equal(requests[0]?.trailers, undefined, 'no end is told');
    }
  });
});

test('a body in an unknown coding is told of, and never ends', () => {
  const { requests, error } = readRequests(
    cut(`PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${GET}`, [80]),
  );
  assert.equal(error, undefined);
  assert.deepEqual(
    requests.map(({ head, body, trailers }) => [head.framing.kind, body, trailers]),
    [['unknown', `0\r\n\r\n${GET}`, undefined]],
  );
});

test('a body by length ends at its last byte, and not before', () => {
  const text = `POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc`;
  assert.equal(readRequests(cut(text.slice(0, -1))).requests[0]?.trailers, undefined);
  assert.deepEqual(readRequests(cut(text)).requests[0]?.trailers, []);
  assert.deepEqual(summary(`${text}${GET}`), [
    ['/', 'abc'],
    ['/g', ''],
  ]);
});

test('random bytes throw nothing but the errors that are made for them', () => {
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        'GET / HTTP/1.1\r\n',
        '\r\n\r\n',
        '\r\n',
        ': ',
        'Content-Length: 7',
        'Transfer-Encoding: chunked',
        '5\r\n',
      )
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const { error } = readRequests(pieces, { maxHeadBytes: 200 });
      assert.ok(
        error === undefined || error instanceof InvalidMessageError || error instanceof HeadTooLargeError,
        String(error),
      );
    }),
    { numRuns: 3000 },
  );
});
