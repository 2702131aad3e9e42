import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, openSocket, send, startProxy } from '../support/proxy.ts';
import {
  chatFrame,
  DONE_FRAME,
  FINISH_FRAME,
  type Flood,
  flood,
  openStream,
  readBody,
  startUpstream,
} from '../support/upstream.ts';

test('every chunk of a stream reaches the client before the upstream sends the next', async (t) => {
  let stream: ServerResponse | undefined;
  const upstream = await startUpstream(t, (_request, response) => {
    stream = openStream(response);
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const answer = await send(port, '{"model":"m","stream":true}');
  assert.ok(stream, 'the headers arrive before there is any token');
  for (const frame of [chatFrame('Hel'), chatFrame('lo'), FINISH_FRAME, DONE_FRAME]) {
    stream.write(frame);
    const [chunk]: unknown[] = await once(answer, 'data');
    assert.equal(String(chunk), frame);
  }
  stream.end();
  await once(answer, 'end');
  const [event] = await settled(1);
  assert.equal(event?.code, 200);
  assert.equal(event?.error, undefined);
  assert.equal(event?.model, 'm');
  assert.equal(event?.stream, true);
  assert.ok((event?.firstTokenSeconds ?? -1) >= 0 && (event?.outputSeconds ?? -1) >= 0);
});

test('one connection to the upstream serves one request after the other', async (t) => {
  const connections = new Set<unknown>();
  const keptMs = 600_000;
  const upstream = await startUpstream(
    t,
    (request, response) => {
      connections.add(request.socket);
      response.end('{}');
    },
    keptMs,
  );
  // Neither side gives it up because the next request takes its time.
  const { port, settled } = await startProxy(t, upstream.url, { clock: createManualClock() });
  for (let sent = 0; sent < 5; sent += 1) await bodyOf(await send(port, '{}'));
  assert.equal(connections.size, 1);
  await settled(5);
});

test('every chunk of an upload reaches the upstream before the client sends the next', async (t) => {
  const received: string[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    request.on('data', (chunk: Buffer) => received.push(String(chunk)));
    request.on('end', () => response.end());
  });
  const { port, sink, settled } = await startProxy(t, upstream.url);
  const request = openRequest(port);
  for (const [at, part] of ['{"model":"m",', '"messages":[],', '"stream":false}'].entries()) {
    request.write(part);
    await eventually(() => assert.deepEqual([received.length, received[at]], [at + 1, part]));
  }
  assert.equal(sink.requests[0]?.model, 'm', 'a live request has its model as soon as that has passed');
  request.end();
  await bodyOf(await headOf(request));
  assert.equal((await settled(1))[0]?.stream, false);
});

test('a 20 MB body passes whole, and the model at its end is read', async (t) => {
  let received: Buffer = Buffer.alloc(0);
  const upstream = await startUpstream(t, async (request, response) => {
    received = await readBody(request);
    response.end('{}');
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const sent = Buffer.from(
    JSON.stringify({ messages: [{ content: '\\"model":"no" é '.repeat(1_200_000) }], model: 'late' }),
  );
  assert.ok(sent.length > 20_000_000);
  await bodyOf(await send(port, sent));
  assert.ok(received.equals(sent));
  assert.equal((await settled(1))[0]?.model, 'late');
});

test('a client that does not read makes the upstream wait instead of filling the proxy', async (t) => {
  const TOTAL = 50 * 1024 * 1024;
  let flow: Flood | undefined;
  const upstream = await startUpstream(t, (_request, response) => {
    flow = flood(response, TOTAL);
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const answer = (await send(port, '{}')).pause();
  await flow?.stalled();
  // What is under way is what the kernel and a few small buffers hold.
  const taken = flow?.written() ?? 0;
  assert.ok(taken > 0 && taken < TOTAL / 2, `${taken} bytes were taken from the upstream`);
  assert.equal((await bodyOf(answer)).length, TOTAL);
  assert.equal((await settled(1))[0]?.code, 200);
});

test('an upstream that does not read makes the client wait', async (t) => {
  let request: IncomingMessage | undefined;
  const upstream = await startUpstream(t, (received) => {
    request = received;
  });
  const { port, settled } = await startProxy(t, upstream.url);
  const client = await openSocket(t, port);
  const piece = Buffer.alloc(64 * 1024, 'x');
  client.write(`POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: ${800 * piece.length}\r\n\r\n`);
  const fill = (): void => {
    for (let sent = 0; sent < 200 && client.writableLength < piece.length; sent += 1) client.write(piece);
  };
  // The client's own buffer stays full: the proxy has stopped to read.
  let before = -1;
  await eventually(
    () => {
      // Again each time: the kernel widens its buffers as they fill.
      fill();
      const moved = client.bytesWritten - client.writableLength !== before;
      before = client.bytesWritten - client.writableLength;
      assert.ok(request !== undefined && !moved && client.writableLength > 0);
    },
    DEADLINE_MS,
    100,
  );
  assert.ok(before < 40 * 1024 * 1024);
  client.destroy();
  // That the client is gone stands behind the bytes that are not read yet.
  request?.resume();
  assert.equal((await settled(1))[0]?.code, 499);
});
