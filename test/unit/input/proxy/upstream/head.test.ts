import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidMessageError } from '../../../../../src/input/proxy/http/fields.ts';
import { type ParsedHead, parseHead } from '../../../../../src/input/proxy/upstream/head.ts';
import { processorMs } from '../../../../support/processor-time.ts';

const read = (head: string, method = 'GET'): ParsedHead => parseHead(head.replaceAll('\n', '\r\n'), method);

describe('the status line', () => {
  for (const [line, status, reason] of [
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.0 404 Not Found', 404, 'Not Found'],
    ['HTTP/1.1 200 ', 200, ''],
    ['HTTP/1.1 200', 200, ''],
    ['HTTP/1.1 529 Site is overloaded', 529, 'Site is overloaded'],
    ['HTTP/1.1 999 caf\u00e9\tau lait ', 999, 'caf\u00e9\tau lait '],
  ] as const) {
    test(`${JSON.stringify(line)} is read`, () => {
      const head = parseHead(line, 'GET');
      assert.deepEqual([head.status, head.reason], [status, reason]);
    });
  }

  for (const line of [
    '',
    'HTTP/1.1',
    'HTTP/1.1 20',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 099 Low',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 200OK',
    ' HTTP/1.1 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/2 200',
    'ICY 200 OK',
    'HTTP/1.1 200 O\0K',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 200 O\nK',
    'HTTP/1.1 2\u00b20 OK',
  ]) {
    test(`${JSON.stringify(line)} is refused`, () => assert.throws(() => parseHead(line, 'GET'), InvalidMessageError));
  }
});

describe('fields', () => {
  test('order, case, repetition, empty values and bytes above 0x7f stay as they are', () => {
    const head = read(
      'HTTP/1.1 200 OK\nX-b: 1\nSet-Cookie: a=1\nx-B:\nset-cookie: \tb=2\t \nX-L: \u00a0caf\u00e9\u00a0\nX-C: a:b',
    );
    assert.deepEqual(head.headers, [
      ...['X-b', '1', 'Set-Cookie', 'a=1', 'x-B', '', 'set-cookie', 'b=2'],
      ...['X-L', '\u00a0caf\u00e9\u00a0', 'X-C', 'a:b'],
    ]);
  });

  for (const [what, line] of [
    ['no colon', 'X-A'],
    ['no name', ': 1'],
    ['a space before the colon', 'X-A : 1'],
    ['a folded line', 'X-A: 1\n  2'],
    ['a tab that folds', 'X-A: 1\n\t2'],
    ['a space before the first field', ' X-A: 1'],
    ['a bare CR', 'X-A: 1\r2'],
    ['NUL', 'X-A: \0'],
    ['DEL', 'X-A: \x7f'],
    ['a name that is no token', 'X(A): 1'],
    ['a name above 0x7f', 'X-\u00e9: 1'],
  ] as const) {
    test(`${what} is refused`, () => assert.throws(() => read(`HTTP/1.1 200 OK\n${line}`), InvalidMessageError));
  }

  test('a bare LF is refused', () => {
    assert.throws(() => parseHead('HTTP/1.1 200 OK\r\nX-A: 1\nX-B: 2', 'GET'), InvalidMessageError);
  });
});

describe('the end of the body (RFC 9112 section 6.3)', () => {
  for (const [fields, status, method, framing] of [
    ['Content-Length: 5', 200, 'GET', { kind: 'length', length: 5 }],
    ['Content-Length: 0', 200, 'GET', { kind: 'none' }],
    ['content-LENGTH:00005', 200, 'GET', { kind: 'length', length: 5 }],
    ['', 200, 'GET', { kind: 'until_close' }],
    ['', 205, 'GET', { kind: 'until_close' }],
    ['Transfer-Encoding: chunked', 200, 'GET', { kind: 'chunked' }],
    ['Transfer-Encoding:  Chunked ', 200, 'POST', { kind: 'chunked' }],
    ['Content-Length: 5', 200, 'HEAD', { kind: 'none' }],
    ['Transfer-Encoding: chunked', 200, 'HEAD', { kind: 'none' }],
    ['', 200, 'HEAD', { kind: 'none' }],
    ['Content-Length: 5', 204, 'GET', { kind: 'none' }],
    ['Content-Length: 5', 304, 'GET', { kind: 'none' }],
    ['', 304, 'GET', { kind: 'none' }],
    ['', 100, 'GET', { kind: 'none' }],
    ['Content-Length: 5', 103, 'GET', { kind: 'none' }],
    ['Content-Length: 5', 200, 'CONNECT', { kind: 'none' }],
    ['Transfer-Encoding: chunked\nContent-Length: 5', 200, 'CONNECT', { kind: 'none' }],
    ['Content-Length: 5', 407, 'CONNECT', { kind: 'length', length: 5 }],
  ] as const) {
    test(`${method} ${status} ${JSON.stringify(fields)}: ${framing.kind}`, () => {
      const head = read(`HTTP/1.1 ${status} X${fields === '' ? '' : `\n${fields}`}`, method);
      assert.deepEqual(head.framing, framing);
    });
  }

  for (const fields of [
    'Content-Length: 5\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\nContent-Length: 5',
    'Transfer-Encoding: identity\nContent-Length: 5',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: \u000bchunked',
    'Transfer-Encoding:',
    'Transfer-Encoding: "chunked"',
    'Content-Length: 5\nContent-Length: 6',
    'Content-Length: 5, 6',
    'Content-Length: 5,',
    'Content-Length:',
    'Content-Length: +5',
    'Content-Length: -5',
    'Content-Length: 0x5',
    'Content-Length: 5.0',
    'Content-Length: 5 5',
    'Content-Length: \u0665',
    'Content-Length: 99999999999999999999',
  ]) {
    test(`${JSON.stringify(fields)} is refused`, () => {
      assert.throws(() => read(`HTTP/1.1 200 OK\n${fields}`), InvalidMessageError);
    });
  }

  test('the same length said twice is one, and is said once from here on', () => {
    const head = read('HTTP/1.1 200 OK\nA: 1\ncontent-Length: 5\nB: 2\nContent-Length: 5, 5\nC: 3');
    assert.deepEqual(head.framing, { kind: 'length', length: 5 });
    assert.deepEqual(head.headers, ['A', '1', 'content-Length', '5', 'B', '2', 'C', '3']);
  });
});

describe('the connection', () => {
  for (const [head, keepAlive] of [
    ['HTTP/1.1 200 OK\nContent-Length: 0', true],
    ['HTTP/1.1 200 OK\nContent-Length: 0\nConnection: keep-alive', true],
    ['HTTP/1.1 200 OK\nContent-Length: 0\nConnection: Close', false],
    ['HTTP/1.1 200 OK\nContent-Length: 0\nConnection: x, close , y', false],
    ['HTTP/1.1 200 OK\nContent-Length: 0\nConnection: keep-alive\nConnection: close', false],
    ['HTTP/1.1 200 OK\nContent-Length: 0\nConnection: not-close', true],
    ['HTTP/1.1 200 OK', false],
    ['HTTP/1.0 200 OK\nContent-Length: 0', false],
    ['HTTP/1.0 200 OK\nContent-Length: 0\nConnection: Keep-Alive', true],
    ['HTTP/1.0 200 OK\nTransfer-Encoding: chunked\nConnection: keep-alive', false],
  ] as const) {
    test(`${JSON.stringify(head)}: ${keepAlive ? 'stays' : 'closes'}`, () =>
      assert.equal(read(head).keepAlive, keepAlive));
  }

  for (const [value, seconds] of [
    ['timeout=5, max=100', 5],
    ['max=100, Timeout=75', 75],
    ['timeout=0', 0],
    ['max=100', Number.NaN],
  ] as const) {
    test(`Keep-Alive: ${value}`, () =>
      assert.equal(read(`HTTP/1.1 200 OK\nKeep-Alive: ${value}`).keepAliveSeconds, seconds));
  }

  test('lists of a thousand spaces, commas and names cost no more than their length', () => {
    const value = `${' '.repeat(32_000)}a${' , '.repeat(8000)}`;
    const took = processorMs(() => {
      for (const name of ['Connection', 'Keep-Alive', 'X-A']) read(`HTTP/1.1 200 OK\n${name}: x${value}x`);
      assert.throws(() => read(`HTTP/1.1 200 OK\nContent-Length: 1${value}1`), InvalidMessageError);
      assert.throws(() => read(`HTTP/1.1 200 OK\nTransfer-Encoding: chunked${value}x`), InvalidMessageError);
    });
    // The square of it takes tens of seconds.
    assert.ok(took < 5000, `${took} ms`);
  });

  test('a header that comes again and again costs no more than its length', () => {
    const text = `HTTP/1.1 200 OK${'\nConnection: a'.repeat(100_000)}\nconnection: close`;
    const took = processorMs(() => assert.equal(read(text).keepAlive, false));
    // The square of it takes tens of seconds.
    assert.ok(took < 5000, `${took} ms`);
  });
});
