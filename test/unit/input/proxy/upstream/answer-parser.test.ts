import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { InvalidMessageError } from '../../../../../src/input/proxy/http/fields.ts';
import { HeadTooLargeError } from '../../../../../src/input/proxy/http/head-reader.ts';
import { AnswerParser } from '../../../../../src/input/proxy/upstream/answer-parser.ts';
import { processorMs } from '../../../../support/processor-time.ts';
import { cut } from '../../../../support/requests/reading.ts';

const MAX_HEAD_BYTES = 64 * 1024;

interface Read {
  readonly heads: (readonly [number, string, readonly string[]])[];
  data: string;
  end: { readonly trailers: readonly string[]; readonly rest: string } | undefined;
  upgraded: string | undefined;
}

/** Pushes pieces until the answer is over; what then follows is pushed no more. */
function read(pieces: readonly Buffer[], method = 'GET', maxHeadBytes = MAX_HEAD_BYTES): Read {
  const seen: Read = { heads: [], data: '', end: undefined, upgraded: undefined };
  const parser = new AnswerParser(
    {
      head: ({ status, reason, headers }) => seen.heads.push([status, reason, headers]),
      data(chunk) {
        seen.data += chunk.toString('latin1');
      },
      end(trailers, rest) {
        seen.end = { trailers, rest: rest.toString('latin1') };
      },
      upgrade({ status, reason, headers }, rest) {
        seen.heads.push([status, reason, headers]);
        seen.upgraded = rest.toString('latin1');
      },
    },
    maxHeadBytes,
  );
  parser.expect(method);
  for (const piece of pieces) {
    if (seen.end !== undefined || seen.upgraded !== undefined) break;
    parser.push(piece);
  }
  parser.close();
  return seen;
}

const INFORMATION = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\n\r\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.1 200\r\n\r\nuntil\r\n\r\nthe end',
  'HTTP/1.0 404 Not Found\r\nX: \r\n\r\n\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nX-A: caf\u00e9\r\n\r\n',
  `${INFORMATION}${INFORMATION}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx`,
];

describe('however the bytes are cut', () => {
  test('heads, data, trailers and end are the same', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ANSWERS), fc.array(fc.nat({ max: 12 })), (answer, sizes) => {
        assert.deepEqual(read(cut(answer, sizes)), read([Buffer.from(answer, 'latin1')]));
      }),
      { numRuns: 500 },
    );
  });

  test('what is made of random fields and bodies is read back', () => {
    const token = fc
      .stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/)
      .filter((name) => !/^(content-length|connection|keep-alive|transfer-encoding)$/i.test(name));
    const value = fc.stringMatching(/^([!-~\u0080-\u00ff]([\t -~\u0080-\u00ff]{0,20}[!-~\u0080-\u00ff])?)?$/);
    const chunks = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1 }), { maxLength: 5 });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.array(fc.tuple(token, value)), chunks, sizes, (fields, body, cuts) => {
        const head = `HTTP/1.1 200 OK\r\n${fields.map(([name, text]) => `${name}: ${text}\r\n`).join('')}`;
        const framed = body.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
        const trailers = fields.map(([name, text]) => `${name}:${text}\r\n`).join('');
        const text = `${head}Transfer-Encoding: chunked\r\n\r\n${framed}0\r\n${trailers}\r\nmore`;
        const seen = read(cut(text, cuts));
        assert.deepEqual(seen.heads, [[200, 'OK', [...fields.flat(), 'Transfer-Encoding', 'chunked']]]);
        assert.equal(seen.data, body.join(''));
        assert.deepEqual(seen.end?.trailers, fields.flat());
        assert.ok('more'.startsWith(seen.end?.rest ?? '-'));
      }),
      { numRuns: 300 },
    );
  });

  test('random bytes throw nothing but the errors that are made for them', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'HTTP/1.1 200 OK\r\n',
          '\r\n\r\n',
          '\r\n',
          '\n',
          ': ',
          'Content-Length: 7',
          'Transfer-Encoding: chunked',
          '5\r\n',
          '0\r\n\r\n',
        )
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.constantFrom('GET', 'HEAD', 'CONNECT'), (pieces, method) => {
        try {
          read(pieces, method, 200);
        } catch (error) {
          assert.ok(error instanceof InvalidMessageError || error instanceof HeadTooLargeError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('every change of one byte in an answer is read, or refused with its own error', () => {
    for (const answer of ANSWERS) {
      for (let at = 0; at < answer.length; at += 1) {
        for (const byte of [0, 9, 10, 13, 32, 44, 58, 127, 255]) {
          const bytes = Buffer.from(answer, 'latin1');
          bytes[at] = byte;
          try {
            read([bytes]);
          } catch (error) {
            assert.ok(error instanceof InvalidMessageError, String(error));
          }
        }
      }
    }
  });
});

describe('the end', () => {
  test('what comes behind an answer is told of, and is no part of another', () => {
    const seen = read([Buffer.from(`${ANSWERS[0]}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny`, 'latin1')]);
    assert.equal(seen.heads.length, 1);
    assert.equal(seen.data, 'hello');
    assert.equal(seen.end?.rest, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny');
  });

  test('bytes of a connection that waits for nothing are refused', () => {
    const nothing = (): undefined => undefined;
    const parser = new AnswerParser({ head: nothing, data: nothing, end: nothing, upgrade: nothing }, MAX_HEAD_BYTES);
    assert.throws(() => parser.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), InvalidMessageError);
  });

  test('the answer to HEAD ends with its head, whatever that says', () => {
    const seen = read([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n')], 'HEAD');
    assert.deepEqual([seen.data, seen.end], ['', { trailers: [], rest: '' }]);
  });

  test('a close ends an answer without a length and no other', () => {
    assert.ok(read([Buffer.from('HTTP/1.1 200 OK\r\n\r\npart')]).end);
    for (const answer of [
      '',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 100 Go on\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npart',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n',
    ])
      assert.equal(read([Buffer.from(answer)]).end, undefined, answer);
  });

  test('101 hands over what came with it, also when that looks like HTTP', () => {
    const seen = read([Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n')]);
    assert.equal(seen.upgraded, 'HTTP/1.1 200 OK\r\n\r\n');
    assert.equal(seen.heads.length, 1);
  });
});

describe('bounds', () => {
  const long = `HTTP/1.1 200 OK\r\n${'X-Pad: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(1250)}`;

  test('a head as long as allowed passes, and one byte more does not, in one piece or many', () => {
    const head = `${long}X: ${'a'.repeat(MAX_HEAD_BYTES - long.length - 3)}`;
    const text = `${head}\r\n\r\n`;
    assert.equal(head.length, MAX_HEAD_BYTES);
    const pieces = cut(text, new Array(40).fill(1700));
    assert.equal(read([Buffer.from(text)]).heads.length, 1);
    assert.equal(read(pieces).heads.length, 1);
    assert.throws(() => read([Buffer.from(text)], 'GET', MAX_HEAD_BYTES - 1), HeadTooLargeError);
    assert.throws(() => read(pieces, 'GET', MAX_HEAD_BYTES - 1), HeadTooLargeError);
  });

  test('a head without end is refused at the limit', () => {
    assert.throws(
      () =>
        read(
          new Array(100).fill(Buffer.from('X-A: b\r\n')).toSpliced(0, 0, Buffer.from('HTTP/1.1 200 OK\r\n')),
          'GET',
          300,
        ),
      HeadTooLargeError,
    );
  });

  test('a head that comes byte by byte costs no more than its length', () => {
    const text = `${long}\r\n`;
    const pieces = cut(text, new Array(text.length).fill(1));
    const took = processorMs(() => assert.equal(read(pieces).heads.length, 1));
    // Copied anew with each byte it would be two thousand million bytes, 62,000 times this; a third of a second here as it is.
    assert.ok(took < 5000, `${took} ms`);
  });

  for (const [what, text] of [
    ['another protocol', '\x15\x03\x03\x00\x02\x02\x50'],
    ['SMTP', '220 mail.example ESMTP\r\n'],
    ['a text without line ends', 'no'],
    ['a head with bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['an empty line first', '\r\nHTTP/1.1 200 OK\r\n'],
    ['a second version', 'HTTP/2'],
  ] as const) {
    for (const size of [text.length, 1]) {
      test(`${what} is refused at once and not when its time is up, in pieces of ${size}`, () => {
        assert.throws(() => read(cut(text, new Array(text.length).fill(size))), InvalidMessageError);
      });
    }
  }
});
