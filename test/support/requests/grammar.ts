import fc, { type Arbitrary } from 'fast-check';
import { framed } from './grammar-bodies.ts';
import { concat, field, lineEnd, mostly, oddByte, words } from './grammar-fields.ts';

/** What a client might send on one connection, from legal to mangled, and how its bytes are cut. Text is Latin-1. */
export interface SentBytes {
  readonly text: string;
  readonly sizes: readonly number[];
}

const method = mostly(
  words('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'M-SEARCH', 'QUERY'),
  words(
    'get',
    'FOO',
    'GETS',
    'PO',
    'CONNECT',
    'PRI',
    'SOURCE',
    "!#$%&'*+-.^_`|~",
    'G(T',
    '',
    'M'.repeat(65),
    'G\u00c9T',
  ),
);
const target = mostly(
  words('/', '/v1/chat/completions', '/a?b=c&d', '/a//b/../c', 'http://a.example/x?y', 'https://u@h:1'),
  words(
    '*',
    '/a#b',
    '/\u00e9',
    '/a b',
    'foo',
    '',
    '/%00',
    '/"<>\\^`{|}',
    '?',
    '#',
    'http:/a',
    'http://',
    'a:1',
    '/\x7f',
    '/\0',
    '/a\tb',
    'ftp://a/b',
    'http://a b/',
    'http://a"b/',
    'http://u@v@h/',
    '/?#?#',
  ),
);
const version = mostly(
  mostly(words('HTTP/1.1'), words('HTTP/1.0'), 8),
  words(
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/0.9',
    'HTTP/3.0',
    'http/1.1',
    'HTTP/1.',
    'HTTP/1.10',
    'HTTP/1,1',
    'HTTP/',
    'RTSP/1.0',
    'ICE/1.0',
    '',
    'H',
  ),
  30,
);
const space = mostly(words(' '), words('  ', '\t', '', ' \t', '\u00a0'), 100);
const requestLine = concat(method, space, target, space, version, lineEnd);

// No `Connection: upgrade`: behind a request with one node reads nothing any more, even where it declines.
const telling = words(
  ...['Connection: close', 'Connection: keep-alive', 'connection: Close, x', 'Connection: x'],
  ...[
    'Connection: "close"',
    'Connection: closed',
    'Connection:',
    'Connection: keep-alive, close',
    'Connection: x\tclose',
  ],
  ...[
    'Connection: close;q=1',
    'Connection: ,close',
    'Connection: x,,close,',
    'Connection: keep-alivex',
    'Proxy-Connection: close',
  ],
  ...[
    'Expect: 100-continue',
    'Expect: x',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'Keep-Alive: timeout=5',
    'TE: trailers',
  ],
  ...['Trailer: X-T', 'HTTP2-Settings: a'],
).map((line) => `${line}\r\n`);

const request = fc
  .tuple(
    mostly(words(''), words('\r\n', '\n', '\r', ' ', '\r\n\r\n', '\0'), 8),
    requestLine,
    mostly(words('Host: x\r\n'), words('', 'Host: a b\r\n', 'Host:\r\n', 'Host: x\r\nHost: x\r\n'), 40),
    fc.array(mostly(field, telling, 4), { maxLength: 4 }),
    framed,
    lineEnd,
  )
  .map(([before, line, host, fields, { fields: framing, body }, end]) => {
    const place = fields.length % 2;
    const all = [...fields.slice(0, place), framing, ...fields.slice(place)].join('');
    return `${before}${line}${host}${all}${end}${body}`;
  });

/** One edit anywhere. */
const edit = fc.record({
  kind: words('insert', 'replace', 'remove', 'repeat', 'truncate'),
  at: fc.nat(10_000),
  length: fc.integer({ min: 1, max: 20 }),
  byte: fc.oneof(oddByte, words('0', 'a', '1', '\r\n')),
});

function edited(
  text: string,
  { kind, at: anywhere, length, byte }: { kind: string; at: number; length: number; byte: string },
): string {
  const at = anywhere % (text.length + 1);
  if (kind === 'truncate') return text.slice(0, at);
  if (kind === 'repeat') return text.slice(0, at + length) + text.slice(at);
  const behind = kind === 'insert' ? at : at + (kind === 'remove' ? length : 1);
  return text.slice(0, at) + (kind === 'remove' ? '' : byte) + text.slice(behind);
}

/** One connection's worth. */
export const sentBytes: Arbitrary<SentBytes> = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 3 }),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(edit, { minLength: 1, maxLength: 2 }) },
    ),
    fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.nat(80)), { maxLength: 12 }),
  )
  .map(([requests, edits, sizes]) => ({ text: edits.reduce(edited, requests.join('')), sizes }));
