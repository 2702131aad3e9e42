import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { InvalidMessageError } from '../../../../../src/input/proxy/http/fields.ts';
import { type FoundHead, HeadReader, HeadTooLargeError } from '../../../../../src/input/proxy/http/head-reader.ts';
import { byteByByte, cut } from '../../../../support/requests/reading.ts';

const MAX_HEAD_BYTES = 64;
const anything = (): void => undefined;

/** Pushes pieces until a head is found; what is behind it then is the rest of that piece and those that were not pushed. */
function find(pieces: readonly Buffer[], reader = new HeadReader(MAX_HEAD_BYTES, anything)) {
  for (const [at, piece] of pieces.entries()) {
    const found = reader.push(piece);
    if (found !== undefined)
      return { text: found.text, rest: Buffer.concat([found.rest, ...pieces.slice(at + 1)]).toString('latin1') };
  }
  return undefined;
}

test('however the bytes are cut, the same head and the same rest are found', () => {
  const line = fc.stringMatching(/^[a-z:\r \u00e9]{0,8}$/);
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 5 }),
      fc.string({ maxLength: 8 }),
      fc.array(fc.nat(6)),
      (lines, rest, sizes) => {
        const text = `begin\r\n${lines.join('\r\n')}x`;
        fc.pre(!text.includes('\r\n\r\n'));
        assert.deepEqual(find(cut(`${text}\r\n\r\n${rest}`, sizes)), { text, rest });
      },
    ),
  );
});

test('a head cut in two at every byte is found', () => {
  const text = 'a\r\nb\r\r\n\r\n\r\n\r\nrest';
  for (let at = 1; at < text.length; at += 1)
    assert.deepEqual(find(cut(text, [at])), { text: 'a\r\nb\r', rest: '\r\n\r\nrest' }, `cut at ${at}`);
});

describe('the bound', () => {
  const longest = `a\r\n${'b'.repeat(MAX_HEAD_BYTES - 3)}`;

  for (const [how, pieces] of [
    ['at once', (text: string) => cut(text)],
    ['byte by byte', byteByByte],
    ['cut in its blank line', (text: string) => cut(text, [text.length - 2])],
  ] as const) {
    test(`a head as long as allowed is read ${how}`, () =>
      assert.equal(find(pieces(`${longest}\r\n\r\n`))?.text, longest));

    test(`one byte more is too many ${how}`, () =>
      assert.throws(() => find(pieces(`${longest}b\r\n\r\n`)), HeadTooLargeError));
  }

  test('what is behind a head does not count', () =>
    assert.equal(find(cut(`${longest}\r\n\r\n${'c'.repeat(1000)}`))?.text, longest));

  test('a head without end is refused before its end could come', () => {
    const reader = new HeadReader(MAX_HEAD_BYTES, anything);
    assert.throws(() => find([Buffer.from('b'.repeat(MAX_HEAD_BYTES + 4))], reader), HeadTooLargeError);
  });
});

test('what has begun is known, and is forgotten when asked', () => {
  const reader = new HeadReader(MAX_HEAD_BYTES, anything);
  assert.equal(reader.hasBegun, false);
  reader.push(Buffer.from('half a'));
  assert.equal(reader.hasBegun, true);
  reader.reset();
  assert.equal(reader.hasBegun, false);
  const found: FoundHead | undefined = reader.push(Buffer.from('whole\r\n\r\n'));
  assert.equal(found?.text, 'whole');
  assert.equal(reader.hasBegun, false);
});

test('a second head does not remember the first', () => {
  const reader = new HeadReader(MAX_HEAD_BYTES, anything);
  for (const head of ['first head', 'second', 'a third head'])
    assert.deepEqual(find(byteByByte(`${head}\r\n\r\n`), reader), { text: head, rest: '' });
});

test('what it is given may be overwritten afterwards', () => {
  const reader = new HeadReader(MAX_HEAD_BYTES, anything);
  const bytes = Buffer.from('begin');
  reader.push(bytes);
  bytes.fill('x');
  assert.equal(reader.push(Buffer.from(' end\r\n\r\n'))?.text, 'begin end');
});

test('whoever looks at the beginning sees all of it as it grows, and a whole head no more', () => {
  const seen: string[] = [];
  find(byteByByte('ab\r\n\r\n'), new HeadReader(MAX_HEAD_BYTES, (begun) => seen.push(begun.toString())));
  assert.deepEqual(seen, ['a', 'ab', 'ab\r', 'ab\r\n', 'ab\r\n\r']);
});

describe('a bare LF is refused at once', () => {
  for (const text of ['\n', 'a\n', 'a\r\nb\n', 'a\r\r\n\n'])
    for (const pieces of [cut(text), byteByByte(text)])
      test(`${JSON.stringify(text)} in ${pieces.length}`, () => assert.throws(() => find(pieces), InvalidMessageError));
});
