import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chunked, joined, LAST_CHUNK, lastChunk } from '../../../../../src/input/proxy/client/framing.ts';

const MAX_TEXT_BYTES = 8 * 1024;
const HEAD = 'HTTP/1.1 200 OK\r\nX-A: caf\u00e9\r\n\r\n';

/** The bytes that go out, as Latin-1. */
const bytesOf = (out: string | Buffer): string => (typeof out === 'string' ? out : out.toString('latin1'));
const outgoing = (head: string, body: readonly string[], behind: string) => {
  const pieces = body.map((text) => Buffer.from(text, 'latin1'));
  return { head, pieces, length: pieces.reduce((sum, piece) => sum + piece.length, 0), behind };
};

/** Of all bytes, so that none is read as something else. */
const text = (length: number): string => Array.from({ length }, (_, at) => String.fromCharCode(at % 256)).join('');
const SIZES = [1, 15, 16, 255, 256, 4095, 4096, MAX_TEXT_BYTES, MAX_TEXT_BYTES + 1, 65_535, 65_536, 1_048_576];

for (const size of SIZES) {
  for (const head of ['', HEAD]) {
    for (const behind of ['', LAST_CHUNK]) {
      const what = `${size} bytes${head === '' ? '' : ' with a head'}${behind === '' ? '' : ' and an end'}`;
      for (const pieces of [1, 3]) {
        const body = text(size);
        const third = Math.ceil(size / 3);
        const cut = pieces === 1 ? [body] : [body.slice(0, third), body.slice(third, 2 * third), body.slice(2 * third)];

        test(`${what} in ${pieces} go out as one chunk`, () => {
          const sent = bytesOf(chunked(outgoing(head, cut, behind)));
          assert.ok(sent === `${head}${size.toString(16)}\r\n${body}\r\n${behind}`);
        });

        test(`${what} in ${pieces} go out as they are`, () =>
          assert.ok(bytesOf(joined(outgoing(head, cut, behind))) === head + body + behind));
      }
    }
  }
}

test('nothing is no chunk, which would be the last', () => {
  assert.equal(bytesOf(chunked(outgoing(HEAD, [], ''))), HEAD);
  assert.equal(bytesOf(chunked(outgoing('', [], LAST_CHUNK))), LAST_CHUNK);
  assert.equal(bytesOf(joined(outgoing(HEAD, [], ''))), HEAD);
});

test('whatever pieces there are, their bytes may be overwritten afterwards', () => {
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.integer({ min: 8000, max: 9000 }).map((size) => new Uint8Array(size).fill(7)),
  );
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.constantFrom('', HEAD), (arrays, head) => {
      const pieces = arrays.map((bytes) => Buffer.from(bytes));
      const body = Buffer.concat(pieces).toString('latin1');
      const all = { head, pieces, length: body.length, behind: '' };
      const sent = [chunked(all), joined(all)];
      for (const one of pieces) one.fill(0x21);
      assert.deepEqual(sent.map(bytesOf), [`${head}${body.length.toString(16)}\r\n${body}\r\n`, head + body]);
    }),
  );
});

describe('the end of a chunked body', () => {
  for (const [trailers, end] of [
    [[], LAST_CHUNK],
    [['X-T', '1'], '0\r\nX-T: 1\r\n\r\n'],
    [['X-T', '', 'x-t', 'caf\u00e9'], '0\r\nX-T: \r\nx-t: caf\u00e9\r\n\r\n'],
  ] as const)
    test(`with ${trailers.length / 2} trailers`, () => assert.equal(lastChunk(trailers), end));
});
