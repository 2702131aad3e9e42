import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { openSocket, startProxy } from '../support/proxy.ts';
import { startWire } from '../support/wire.ts';

const ASK = 'GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n';
const AGREED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
const EARLY = 'GET /looks-like-http HTTP/1.1\r\nHost: x\r\n\r\n';

test('what a client says before the upgrade goes through it, though it says that its HTTP ends with this', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    // The rest has had its time to come too early.
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\n');
    await has(/\r\n\r\n/);
  });
  const { port, settled } = await startProxy(t, wire.url);
  const client = await openSocket(t, port);
  let text = '';
  client.on('data', (bytes) => {
    text += bytes;
  });
  client.write(`${ASK}Connection: Upgrade, close\r\n\r\n${EARLY}`);
  await eventually(() => assert.match(text, / 103 /));
  wire.connections[0]?.socket.write(AGREED);
  await eventually(() => assert.ok(wire.connections[0]?.text().endsWith(`\r\n\r\n${EARLY}`)));
  client.destroy();
  wire.connections[0]?.socket.end();
  await settled(1);
});

test('what a client says before an upgrade that it does not wait for is no request', async (t) => {
  const wire = await startWire(t);
  const { port, settled } = await startProxy(t, wire.url);
  const client = await openSocket(t, port);
  client.write(`${ASK}Connection: Upgrade\r\n\r\n${EARLY}`);
  await eventually(() => assert.match(wire.connections[0]?.text() ?? '', /\r\n\r\n$/));
  client.destroy();
  assert.deepEqual(
    (await settled(1)).map(({ code }) => code),
    [499],
  );
});
