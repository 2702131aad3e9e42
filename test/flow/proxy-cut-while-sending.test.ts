import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startProxy } from '../support/proxy.ts';
import { startWire } from '../support/wire.ts';

const BODY = '{"messages":[],"stream":true,"model":"at-the-end"}';
const BEGUN = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';

test('an answer that breaks off while the client is still sending: the client is heard out, and counted with its model', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/messages/);
    socket.write(BEGUN, () => socket.end());
  });
  const { port, settled } = await startProxy(t, wire.url);
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  t.after(() => client.destroy());
  let text = '';
  client
    .on('error', () => undefined)
    .on('data', (bytes) => {
      text += bytes;
    });
  client.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY.slice(0, 20)}`,
  );
  await once(client, 'end');
  assert.match(text, /half$/);
  client.end(BODY.slice(20));
  const [event] = await settled(1);
  assert.equal(event?.error?.code, 'closed_early');
  assert.equal(event?.requestBytes, BODY.length);
  assert.equal(event?.model, 'at-the-end');
});
