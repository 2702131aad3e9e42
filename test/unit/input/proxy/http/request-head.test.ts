import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidMessageError } from '../../../../../src/input/proxy/http/fields.ts';
import { parseRequestHead, type RequestHead } from '../../../../../src/input/proxy/http/request-head.ts';

const read = (head: string): RequestHead => parseRequestHead(head.replaceAll('\n', '\r\n'));

describe('the request line', () => {
  for (const [line, method, url, httpVersion] of [
    ['GET / HTTP/1.1', 'GET', '/', '1.1'],
    ['POST /v1/a?b=c#d HTTP/1.0', 'POST', '/v1/a?b=c#d', '1.0'],
    ['VERSION-CONTROL_X / HTTP/1.1', 'VERSION-CONTROL_X', '/', '1.1'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS', '*', '1.1'],
    ['CONNECT a.example:443 HTTP/1.1', 'CONNECT', 'a.example:443', '1.1'],
    ['GET http://a.example/?q HTTP/1.1', 'GET', 'http://a.example/?q', '1.1'],
    ['GET !"<>\\^`{|}~ HTTP/1.1', 'GET', '!"<>\\^`{|}~', '1.1'],
    ['GET / HTTP/1.2', 'GET', '/', '1.2'],
    ['PRI * HTTP/2.0', 'PRI', '*', '2.0'],
    ['GET /', 'GET', '/', '0.9'],
    ['GET HTTP/1.1', 'GET', 'HTTP/1.1', '0.9'],
  ] as const) {
    test(`${line} is read`, () => {
      const head = parseRequestHead(line);
      assert.deepEqual([head.method, head.url, head.httpVersion], [method, url, httpVersion]);
      assert.deepEqual(head.headers, []);
    });
  }

  for (const line of [
    '',
    'GET',
    'GET ',
    'GET  HTTP/1.1',
    ' GET / HTTP/1.1',
    'GET  / HTTP/1.1',
    'GET /  HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET / ',
    'GET\t/ HTTP/1.1',
    'GET /\tHTTP/1.1',
    'GET /\0 HTTP/1.1',
    'GET /\x7f HTTP/1.1',
    'GET /caf\u00e9 HTTP/1.1',
    'GET /a b HTTP/1.1',
    'G\u00c9T / HTTP/1.1',
    'G(T / HTTP/1.1',
    'get / HTTP/1.1',
    'restGET / HTTP/1.1',
    'G3T / HTTP/1.1',
    'GET / http/1.1',
    'GET / HTTP/11',
    'GET / HTTP/1.10',
    'GET / HTTP/01.1',
    'GET / HTTP/1,1',
    'GET / HTTP/1.\u00b2',
    'GET / HTTPS/1.1',
    'GET / HTTP/1.1\r',
    'GET / HTTP/1.1\n',
    'GET / HTTP/1.1\nHost: x',
    'GET / HTTP/1.1\rHost: x',
    'GET /\n',
    'GET / HTTP/1.0\nHost: x',
    'HTTP/1.1 200 OK',
  ]) {
    test(`${JSON.stringify(line)} is refused`, () => assert.throws(() => parseRequestHead(line), InvalidMessageError));
  }
});

test('fields stay as they are written, without the spaces around their values', () => {
  const head = read('GET / HTTP/1.1\nX-b: 1\nx-B:\nHost:x\nX-b: \t caf\u00e9 a:b\t \nX-L: \u00a0a\u00a0');
  assert.deepEqual(head.headers, ['X-b', '1', 'x-B', '', 'Host', 'x', 'X-b', 'caf\u00e9 a:b', 'X-L', '\u00a0a\u00a0']);
});

describe('the end of the body (RFC 9112 section 6.3)', () => {
  for (const [fields, framing] of [
    ['Host: x', { kind: 'none' }],
    ['Content-Length: 5', { kind: 'length', length: 5 }],
    ['content-LENGTH:\t005 ', { kind: 'length', length: 5 }],
    ['Content-Length: 999999999999999', { kind: 'length', length: 999_999_999_999_999 }],
    ['Content-Length: 0', { kind: 'none' }],
    ['Transfer-Encoding: chunked', { kind: 'chunked' }],
    ['transfer-encoding: \tCHUNKED ', { kind: 'chunked' }],
    ['Transfer-Encoding: gzip, chunked', { kind: 'unknown' }],
    ['Transfer-Encoding: gzip\nTransfer-Encoding: chunked', { kind: 'unknown' }],
    ['Transfer-Encoding: gzip', { kind: 'unknown' }],
    ['Transfer-Encoding: identity', { kind: 'unknown' }],
    ['Transfer-Encoding: xchunked', { kind: 'unknown' }],
    ['Transfer-Encoding: chunked;q=1', { kind: 'unknown' }],
    ['Transfer-Encoding: "chunked"', { kind: 'unknown' }],
    ['Transfer-Encoding: \u00a0chunked', { kind: 'unknown' }],
    ['Transfer-Encoding: , chunked', { kind: 'unknown' }],
    ['Transfer-Encoding:', { kind: 'unknown' }],
  ] as const) {
    for (const method of ['GET', 'POST'])
      test(`${method} with ${JSON.stringify(fields)}: ${framing.kind}`, () =>
        assert.deepEqual(read(`${method} / HTTP/1.1\n${fields}`).framing, framing));
  }

  for (const fields of [
    'Content-Length: 5\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\nContent-Length: 5',
    'Transfer-Encoding: identity\nContent-Length: 0',
    'Transfer-Encoding:\nContent-Length: 5',
    'Transfer-Encoding: chunked, gzip',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: chunked\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\nTransfer-Encoding: identity',
    'Content-Length: 5\nContent-Length: 5',
    'Content-Length: 5\ncontent-length: 6',
    'Content-Length: 5, 5',
    'Content-Length: 5,',
    'Content-Length: ,5',
    'Content-Length:',
    'Content-Length: +5',
    'Content-Length: -5',
    'Content-Length: 0x5',
    'Content-Length: 5.0',
    'Content-Length: 5e0',
    'Content-Length: 5 5',
    'Content-Length: \u00b2',
    'Content-Length: \u00a05',
    'Content-Length: 1000000000000000',
  ]) {
    test(`${JSON.stringify(fields)} is refused`, () =>
      assert.throws(() => read(`POST / HTTP/1.1\n${fields}`), InvalidMessageError));
  }
});

describe('the connection', () => {
  for (const [head, keepAlive] of [
    ['GET / HTTP/1.1', true],
    ['GET / HTTP/1.1\nConnection: close', false],
    ['GET / HTTP/1.1\nConnection: x,CLOSE', false],
    ['GET / HTTP/1.1\nConnection: keep-alive\nConnection: close', false],
    ['GET / HTTP/1.1\nConnection: closed', true],
    ['GET / HTTP/1.1\nX-Connection: close', true],
    ['GET / HTTP/1.0', false],
    ['GET / HTTP/1.0\nConnection: Keep-Alive', true],
    ['POST / HTTP/1.0\nConnection: keep-alive\nTransfer-Encoding: chunked', false],
    ['GET /', false],
  ] as const) {
    test(`${JSON.stringify(head)}: ${keepAlive ? 'stays' : 'closes'}`, () =>
      assert.equal(read(head).keepAlive, keepAlive));
  }
});
