import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { openSocket, startProxy } from '../support/proxy.ts';
import { startWire } from '../support/wire.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const FIRST = 'POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n';
const SECOND = 'GET /second HTTP/1.1\r\nHost: x\r\n\r\n';
const DRAIN_MS = 10_000;

test('a request that comes in one piece with the late end of an answered one is no idle connection', async (t) => {
  // The first is answered before its end, the second when the proxy drains.
  const wire = await startWire(t, ({ socket }, number) => {
    if (number === 1) socket.once('data', () => socket.write(OK));
  });
  const { proxy, port, settled } = await startProxy(t, wire.url);
  const client = await openSocket(t, port);
  let text = '';
  client.on('data', (bytes) => {
    text += bytes;
  });
  client.write(`${FIRST}abc`);
  await eventually(() => assert.match(text, /ok$/));
  client.write(`def${SECOND}`);
  await eventually(() => assert.match(wire.connections[1]?.text() ?? '', /^GET \/second /));
  const drained = proxy.drain(DRAIN_MS);
  wire.connections[1]?.socket.write(OK);
  await drained;
  assert.deepEqual(
    (await settled(2)).map(({ code }) => code),
    [200, 200],
  );
});
