import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChunkedDecoder } from '../../../../../src/input/proxy/http/chunked-decoder.ts';
import { InvalidMessageError } from '../../../../../src/input/proxy/http/fields.ts';

interface Decoded {
  readonly data: string;
  readonly trailers: readonly string[];
  readonly rest: string;
  readonly isOver: boolean;
}

/** Pushes `text` in pieces of `size` bytes. */
function decode(text: string, size = text.length): Decoded {
  let data = '';
  let rest = '';
  const decoder = new ChunkedDecoder((chunk) => {
    assert.ok(chunk.length > 0, 'no empty piece');
    data += chunk.toString('latin1');
  });
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size)
    rest += decoder.push(bytes.subarray(at, at + size)).toString('latin1');
  return { data, trailers: decoder.isOver ? decoder.trailers : [], rest, isOver: decoder.isOver };
}

const whole = { data: 'hello, world', trailers: [], rest: '', isOver: true };

for (const [what, text, expected] of [
  ['two chunks', '5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n', whole],
  ['capitals and small letters', 'C\r\nhello, world\r\n0\r\n\r\n', whole],
  ['leading zeros', '000000000000000000000c\r\nhello, world\r\n000\r\n\r\n', whole],
  ['extensions', 'c;a=b;c="d e"\r\nhello, world\r\n0;x\r\n\r\n', whole],
  ['spaces behind the size', 'c \t ;a\r\nhello, world\r\n0 \r\n\r\n', whole],
  ['no data', '0\r\n\r\n', { ...whole, data: '' }],
  ['data that looks like framing', '7\r\n0\r\n\r\n5\r\r\n0\r\n\r\n', { ...whole, data: '0\r\n\r\n5\r' }],
  [
    'trailers',
    '1\r\nx\r\n0\r\nX-A: 1\r\nx-a:  two \r\n\r\n',
    { ...whole, data: 'x', trailers: ['X-A', '1', 'x-a', 'two'] },
  ],
  ['bytes behind the end', '0\r\n\r\nHTTP/1.1', { ...whole, data: '', rest: 'HTTP/1.1' }],
  ['an end that is missing', '5\r\nhel', { ...whole, data: 'hel', isOver: false }],
] as const) {
  for (const size of [text.length, 1, 2, 3]) {
    test(`${what}, in pieces of ${size}`, () => assert.deepEqual(decode(text, size), expected));
  }
}

test('what one read brings is one piece, however short and many its chunks', () => {
  const pieces: string[] = [];
  const decoder = new ChunkedDecoder((chunk) => pieces.push(chunk.toString('latin1')));
  const long = 'x'.repeat(100);
  const rest = [
    decoder.push(Buffer.from(`1\r\na\r\n64;e\r\n${long}\r\n2\r\nb`)),
    decoder.push(Buffer.from('c\r\n1\r\nd\r\n0\r\n\r\nbehind')),
  ];
  assert.deepEqual(pieces, [`a${long}b`, 'cd']);
  assert.deepEqual(rest.map(String), ['', 'behind']);
});

test('the data before what is no chunk is handed on', () => {
  let data = '';
  const decoder = new ChunkedDecoder((chunk) => {
    data += chunk.toString();
  });
  assert.throws(() => decoder.push(Buffer.from('2\r\nab\r\n1\r\nc\r\nno size')), InvalidMessageError);
  assert.equal(data, 'abc');
});

describe('refused', () => {
  for (const [what, text] of [
    ['no size', '\r\n'],
    ['an extension without a size', ';a\r\n'],
    ['a negative size', '-1\r\n'],
    ['a sign', '+1\r\nx'],
    ['0x', '0x1\r\nx\r\n'],
    ['a leading space', ' 1\r\nx'],
    ['a letter behind F', '1g\r\n'],
    ['digits behind a space', '1 1\r\n'],
    ['a size above 2^52', '10000000000000\r\n'],
    ['a size that would wrap', 'fffffffffffffffff\r\n'],
    ['bare LF behind the size', '1\nx\r\n0\r\n\r\n'],
    ['bare CR behind the size', '1\rx'],
    ['bare LF in an extension', '1;a\nx\r\n'],
    ['NUL in an extension', '1;\0\r\n'],
    ['bare LF behind the data', '1\r\nx\n0\r\n\r\n'],
    ['bare CR behind the data', '1\r\nx\r0'],
    ['data longer than its size', '1\r\nxy\r\n0\r\n\r\n'],
    ['data shorter than its size', '3\r\nx\r\n0\r\n\r\n'],
    ['bare LF behind the last chunk', '0\n\n'],
    ['bare LF at the end', '0\r\n\n'],
    ['bare LF in the trailers', '0\r\nX-A: 1\nX-B: 2\r\n\r\n'],
    ['a folded trailer', '0\r\nX-A: 1\r\n 2\r\n\r\n'],
    ['a trailer without a name', '0\r\n: 1\r\n\r\n'],
    ['an endless extension', `1;${'a'.repeat(20_000)}`],
    ['endless spaces', `1${' '.repeat(20_000)}`],
    ['endless zeros', '0'.repeat(20_000)],
    ['an endless trailer', `0\r\nX: ${'a'.repeat(20_000)}`],
    ['endless trailers', `0\r\n${'X: aaaaaaaa\r\n'.repeat(2000)}`],
  ] as const) {
    for (const size of [text.length, 1])
      test(`${what}, in pieces of ${size}`, () => assert.throws(() => decode(text, size), InvalidMessageError));
  }
});
