import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidMessageError } from '../../../../../src/input/proxy/http/fields.ts';
import { HeadTooLargeError } from '../../../../../src/input/proxy/http/head-reader.ts';
import { RequestParser } from '../../../../../src/input/proxy/http/request-parser.ts';

const MAX_HEAD_BYTES = 128;

/** What becomes of bytes that come in pieces of this length. */
function read(text: string, pieceBytes: number): string {
  let seen = '';
  const sink = {
    head: ({ method, url, keepAlive }: { method: string; url: string; keepAlive: boolean }) => {
      seen += `${method} ${url} ${keepAlive} `;
    },
    data: (chunk: Buffer) => {
      seen += chunk.toString('latin1');
    },
    end: () => {
      seen += '.';
    },
  };
  const parser = new RequestParser(sink, MAX_HEAD_BYTES);
  try {
    for (let at = 0; at < text.length; at += pieceBytes) {
      let rest: Buffer = Buffer.from(text.slice(at, at + pieceBytes), 'latin1');
      while (rest.length > 0) rest = parser.push(rest);
    }
  } catch (error) {
    if (error instanceof InvalidMessageError) return `${seen}malformed`;
    if (error instanceof HeadTooLargeError) return `${seen}too large`;
    throw error;
  }
  return seen;
}

const LONGEST = `GET /${'a'.repeat(MAX_HEAD_BYTES - 'GET / HTTP/1.1'.length)} HTTP/1.1`;
const CASES: Readonly<Record<string, readonly [string, RegExp]>> = {
  'the longest method': [`${'M'.repeat(64)} / HTTP/1.1\r\n\r\n`, /^M{64} \/ true \.$/],
  'a longer word': [`${'M'.repeat(65)} / HTTP/1.1\r\n\r\n`, /^malformed$/],
  'the longest head': [`${LONGEST}\r\n\r\n`, /^GET \/a+ true \.$/],
  'a longer head': [`${LONGEST}1\r\n\r\n`, /^too large$/],
  'a body by length and the next request': [
    'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n',
    /^POST \/ true abc\.GET \/b true \.$/,
  ],
  'a body in chunks, a blank line, the next request': [
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x="y"\r\nabc\r\n0\r\nX: y\r\n\r\n\r\nGET /b HTTP/1.0\r\n\r\n',
    /^POST \/ true abc\.GET \/b false \.$/,
  ],
};

for (const [name, [text, expected]] of Object.entries(CASES)) {
  test(`${name}: the same in one piece and in pieces of any length`, () => {
    for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1)
      assert.match(read(text, pieceBytes), expected, `in pieces of ${pieceBytes}`);
  });
}
