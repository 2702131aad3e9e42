import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { Reply } from '../../../../../src/input/proxy/client/reply.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

const IDLE_MS = 1000;

test('a client that closes its half and takes nothing of what is on its way is given up like any other', async (t) => {
  const clock = createManualClock();
  const socket = new Socket({ allowHalfOpen: true });
  t.after(() => socket.destroy());
  // Its buffers are full: a write is never done.
  socket._write = () => undefined;
  socket._writev = () => undefined;
  const connection = { socket, isLast: false, refuseMore: () => undefined, answered: () => undefined };
  const nothing = (): void => undefined;
  const request = { method: 'GET', httpVersion: '1.1' };
  const reply = new Reply({ connection, request, clock, idleMs: IDLE_MS, onFinished: nothing, onDrain: nothing });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  reply.head({ status: 200, reason: 'OK', headers: [] }, true);
  reply.write(Buffer.from('some'));
  await turn();
  assert.ok(socket.writableLength > 0);
  socket.end();
  reply.end([]);
  await turn();
  assert.equal(reply.isFinished, false);
  clock.advance(IDLE_MS - 1);
  assert.equal(socket.destroyed, false);
  clock.advance(1);
  assert.equal(socket.destroyed, true);
});
