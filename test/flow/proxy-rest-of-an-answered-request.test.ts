import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { openSocket, readToEnd, startProxy } from '../support/proxy.ts';
import { startWire } from '../support/wire.ts';

const HEAD = 'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
const NO_CHUNK = 'zz\r\n';

test('rubbish in the rest of a body whose request has its answer: the connection is closed, and nothing is counted twice', {
  timeout: 20_000,
}, async (t) => {
  const wire = await startWire(t, ({ socket }) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  const { port, settled } = await startProxy(t, wire.url);
  const socket = await openSocket(t, port);
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  socket.write(`${HEAD}3\r\nabc\r\n`);
  await eventually(() => assert.match(text, /\r\n\r\nok$/));
  const rest = readToEnd(socket);
  socket.write(NO_CHUNK);
  assert.equal(await rest, '');
  assert.deepEqual(
    (await settled(1)).map(({ code }) => code),
    [200],
  );
});

test('rubbish in the body of a request that was refused without an exchange is not counted as another', async (t) => {
  const { port, settled } = await startProxy(t, 'http://127.0.0.1:9');
  const socket = await openSocket(t, port);
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  const closed = readToEnd(socket);
  socket.write(HEAD.replace('POST /a', 'CONNECT a:1'));
  await eventually(() => assert.match(text, /^HTTP\/1\.1 501 /));
  socket.write(NO_CHUNK);
  await closed;
  assert.deepEqual(
    (await settled(1)).map(({ code }) => code),
    [501],
  );
});
