import fc, { type Arbitrary } from 'fast-check';
import { concat, field, lineEnd, mostly, words } from './grammar-fields.ts';

/** About the end of a body that is none. */
const oddFraming = words(
  ...['Content-Length: +3', 'Content-Length: -3', 'Content-Length: 3, 3', 'Content-Length: 0x3', 'Content-Length: 3 3'],
  ...[
    'Content-Length:',
    'Content-Length: 99999999999999999999',
    'Content-Length : 3',
    'Content-Length: 3\r\nContent-Length: 3',
  ],
  ...[
    'Content-Length: 3\r\nContent-Length: 4',
    'Content-Length: 0000000000000000003',
    'Content_Length: 3',
    'Content-Length: \u00a03',
  ],
  ...['Content-Length: 3\r\n ', 'Content-Length\r\n: 3', 'Content-Length: 18446744073709551619', 'Content-Length: 3,'],
  ...[
    'Transfer-Encoding: gzip',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked, gzip',
    'Transfer-Encoding:',
  ],
  ...[
    'Transfer-Encoding: identity',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunkedx',
    'Transfer-Encoding: "chunked"',
  ],
  ...[
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: ,chunked',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding : chunked',
  ],
  ...[
    'Transfer-Encoding: chunked;q=1',
    'Transfer-Encoding: \vchunked',
    'Transfer-Encoding\r\n: chunked',
    'Transfer-Encoding:\r\n chunked',
  ],
  ...['Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip'],
  ...[
    'Content-Length: 3\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 3',
    'Transfer-Encoding: chunk',
  ],
  ...['Transfer-Encoding: chunked chunked', 'Transfer_Encoding: chunked', 'Transfer-Encoding: chunked\0'],
).map((line) => `${line}\r\n`);

const data = fc.oneof(
  words('', 'abc', 'x', '0\r\n\r\n', '\r\n', 'GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n', '\0\u00ff'),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
);

const oddSize = words('0x', '+', '-', ' ', '\t', '00', '_', 'g', '0'.repeat(20), 'ffffffffffffffff', '');
const extension = mostly(
  words('', '', '', ';a', ';a=b', ';a="b c"', ';a;b=c'),
  words(
    ' ',
    '\t',
    ' ;a',
    '; a',
    ';',
    ';;',
    ';a b',
    ';a=',
    ';=b',
    ';a="b',
    ';a="\\"',
    ';\u00e9',
    ';a\t',
    ';a=b"c',
    'x',
    ';a=\x00',
    ';"a"',
    ';a=b;',
    ';a= b',
  ),
);

/** One chunk; its size is told wrong now and then. */
const chunk = fc
  .tuple(
    data,
    fc.boolean(),
    extension,
    lineEnd,
    lineEnd,
    mostly(fc.constant(undefined), oddSize, 40),
    mostly(fc.constant(0), words('1', '-1').map(Number), 60),
  )
  .map(([text, isUpper, more, end, dataEnd, odd, off]) => {
    const size = Math.max(text.length + off, 0).toString(16);
    if (text === '') return '';
    return `${odd ?? ''}${isUpper ? size.toUpperCase() : size}${more}${end}${text}${dataEnd}`;
  });
const trailer = mostly(
  concat(words('X-T: 1', 'x-t:', 'Etag: "a"'), lineEnd),
  fc.oneof(
    field,
    words('Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Host: z\r\n', 'Connection: close\r\n'),
  ),
  6,
);
const lastChunk = concat(
  mostly(words('0'), words('00', '', '0x0', ' 0', '-0'), 30),
  extension,
  lineEnd,
  fc.array(trailer, { maxLength: 2 }).map((lines) => lines.join('')),
  lineEnd,
);
const chunks = concat(
  fc.array(chunk, { maxLength: 4 }).map((all) => all.join('')),
  lastChunk,
);

interface Framed {
  readonly fields: string;
  readonly body: string;
}

/** Fields that tell the end of a body, rightly as a rule, and the body. */
export const framed: Arbitrary<Framed> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ fields: '', body: '' }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(data, words('Content-Length: ', 'content-length:', 'Content-Length:\t0'))
      .map(([body, says]) => ({
        fields: `${says}${body.length}\r\n`,
        body,
      })),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(chunks, words('Transfer-Encoding: chunked', 'transfer-encoding:Chunked '))
      .map(([body, says]) => ({
        fields: `${says}\r\n`,
        body,
      })),
  },
  { weight: 2, arbitrary: fc.record({ fields: oddFraming, body: fc.oneof(data, chunks) }) },
);
