import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from '../support/eventually.ts';
import { bodyOf, send } from '../support/proxy.ts';
import { startRetrying } from '../support/retrying-proxy.ts';
import { chatFrame, DONE_FRAME, openStream, startUpstream } from '../support/upstream.ts';

setFlagsFromString('--expose-gc');
// The flag has just defined it.
const collect = runInNewContext('gc') as () => void;
const MiB = 1024 * 1024;

function heldBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

test('once an answer has begun, the body of its request is let go', async (t) => {
  const streams: ServerResponse[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    request.resume().once('end', () => {
      streams.push(response);
      openStream(response).write(chatFrame('Hel'));
    });
  });
  const { port, settled } = await startRetrying(t, upstream.url, { maxHeldBodyBytes: 2 * MiB });
  const body = Buffer.alloc(MiB, ' ');
  const before = heldBytes();
  const answers = [];
  for (let sent = 0; sent < 30; sent += 1) answers.push(await send(port, body));
  await eventually(() => {
    const held = heldBytes() - before;
    assert.ok(held < 10 * MiB, `${held} bytes are held for 30 streams`);
  });
  for (const stream of streams) stream.end(DONE_FRAME);
  for (const answer of answers) await bodyOf(answer);
  await settled(30);
});
