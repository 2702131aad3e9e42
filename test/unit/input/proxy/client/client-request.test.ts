import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { ClientRequest } from '../../../../../src/input/proxy/client/client-request.ts';
import { parseRequestHead } from '../../../../../src/input/proxy/http/request-head.ts';

function requestOf(fields = ''): { request: ClientRequest; socket: Socket } {
  const socket = new Socket();
  return { request: new ClientRequest(parseRequestHead(`POST /a HTTP/1.1${fields}`), socket), socket };
}

test('it is its head', () => {
  const head = parseRequestHead('POST /a HTTP/1.0\r\nX: y\r\nConnection: keep-alive\r\nContent-Length: 5');
  const { method, url, httpVersion, headers, keepAlive, framing } = new ClientRequest(head, new Socket());
  assert.deepEqual({ method, url, httpVersion, headers, keepAlive, framing }, head);
});

for (const [fields, length] of [
  ['', 0],
  ['\r\nContent-Length: 5', 5],
  ['\r\nTransfer-Encoding: chunked', undefined],
] as const)
  test(`its length is ${length} with ${JSON.stringify(fields)}`, () =>
    assert.equal(requestOf(fields).request.length, length));

test('its reader hears what comes from then on, and its end once', () => {
  const { request } = requestOf();
  const heard: string[] = [];
  request.takes(Buffer.from('lost'));
  request.readTo({ data: (chunk) => heard.push(chunk.toString()), end: () => heard.push('end') });
  request.takes(Buffer.from('a'));
  request.takes(Buffer.from('b'));
  assert.equal(request.isComplete, false);
  assert.deepEqual(request.trailers, []);
  request.ends(['X', 'y']);
  assert.equal(request.isComplete, true);
  assert.deepEqual(request.trailers, ['X', 'y']);
  assert.deepEqual(heard, ['a', 'b', 'end']);
});

test('tasks for its end run in order when it comes, and at once behind it', () => {
  const { request } = requestOf();
  const ran: string[] = [];
  request.whenComplete(() => ran.push('first'));
  request.whenComplete(() => ran.push('second'));
  assert.equal(ran.length, 0);
  request.ends([]);
  request.whenComplete(() => ran.push('late'));
  assert.deepEqual(ran, ['first', 'second', 'late']);
});

test('its client waits while it is paused, and never behind its end', () => {
  const { request, socket } = requestOf();
  request.pause();
  assert.deepEqual([request.isPaused, socket.isPaused()], [true, true]);
  request.resume();
  assert.deepEqual([request.isPaused, socket.isPaused()], [false, false]);
  request.pause();
  request.ends([]);
  assert.deepEqual([request.isPaused, socket.isPaused()], [false, false]);
  request.pause();
  assert.deepEqual([request.isPaused, socket.isPaused()], [false, false], 'the connection may be about the next');
});

test('to resume what was not paused leaves the connection as it is', () => {
  const { request, socket } = requestOf();
  socket.pause();
  request.resume();
  assert.equal(socket.isPaused(), true);
});
