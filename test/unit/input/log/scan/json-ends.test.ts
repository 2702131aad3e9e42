import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endOfAnyString, endOfBare, endOfString } from '../../../../../src/input/log/scan/json/ends.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function viewOf(text: string): { readonly view: DataView; readonly length: number } {
  const bytes = Uint8Array.from(Buffer.from(text, 'latin1'));
  return { view: new DataView(bytes.buffer), length: bytes.length };
}

const pieces = (texts: readonly string[]) =>
  fc.array(fc.constantFrom(...texts), { maxLength: 12 }).map((all) => all.join(''));

test('a number or word ends where JSON says, and is none where JSON says so', () => {
  const words = pieces([...'0123456789.-+eE', 'true', 'false', 'null', 'tru', 'x']);
  fc.assert(
    fc.property(words, (word) => {
      const { view, length } = viewOf(`:${word},`);
      const end = word !== '' && isJson(word) ? length - 1 : -1;
      assert.equal(endOfBare(view, 1, length), end);
      assert.equal(endOfBare(view, 1, length - 1), -1, 'it may go on');
    }),
    { numRuns: 2000 },
  );
});

test('a string ends where JSON says, and is none where JSON says so', () => {
  const contents = pieces([
    'a',
    'bcdefghij',
    ' ',
    '\\"',
    '\\\\',
    '\\n',
    '\\u00e9',
    '\\u12',
    '\\x22',
    '\t',
    '\x7f',
    '\xc3\xa9',
    '\xff',
    '{',
    ':',
  ]);
  fc.assert(
    fc.property(contents, pieces(['', 'a', '"', '\\']), (content, behind) => {
      const { view, length } = viewOf(`"${content}"${behind}`);
      const end = isJson(`"${content}"`) ? content.length + 1 : -1;
      assert.equal(endOfAnyString(view, 1, length), end);
      assert.equal(endOfString(view, 1, length), content.includes('\\') ? -1 : end);
    }),
    { numRuns: 2000 },
  );
});
