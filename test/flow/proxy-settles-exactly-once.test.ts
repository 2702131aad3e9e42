import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventually } from '../support/eventually.ts';
import { openSocket, startProxy } from '../support/proxy.ts';
import { chatFrame, DONE_FRAME, openStream, startUpstream } from '../support/upstream.ts';

const FRAMES = [chatFrame('a'), chatFrame('b'), chatFrame('c'), DONE_FRAME];
const BODY = ['{"model":"m",', '"stream":true,', '"messages":[]}'];
const HEAD = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY.join('').length}\r\n\r\n`;

/** After which piece each side breaks off; a number past the last piece means that it does not. */
const plan = fc.record({
  clientLeavesAfter: fc.nat({ max: BODY.length + FRAMES.length + 1 }),
  upstreamBreaksAfter: fc.nat({ max: FRAMES.length + 1 }),
  isReset: fc.boolean(),
});

test('whoever leaves after whichever piece, there is one final event and nothing stays live', async (t) => {
  let current: { upstreamBreaksAfter: number; isReset: boolean } = { upstreamBreaksAfter: 0, isReset: false };
  const upstream = await startUpstream(t, async (request, response) => {
    const { upstreamBreaksAfter, isReset } = current;
    const leave = (): void => void (isReset ? request.socket.resetAndDestroy() : request.socket.destroy());
    if (upstreamBreaksAfter === 0) return leave();
    request.resume().once('error', () => undefined);
    openStream(response);
    for (const [at, frame] of FRAMES.entries()) {
      if (at + 1 === upstreamBreaksAfter) return leave();
      await new Promise((written) => response.write(frame, written));
    }
    response.end();
  });
  const { port, sink, logLines } = await startProxy(t, upstream.url);
  let requests = 0;
  await fc.assert(
    fc.asyncProperty(plan, async ({ clientLeavesAfter, ...upstreamPlan }) => {
      current = upstreamPlan;
      await playClient(port, clientLeavesAfter, upstreamPlan.isReset);
      requests += 1;
      await eventually(() => assert.deepEqual([sink.events.length, sink.live(), sink.extraEnds()], [requests, 0, 0]));
      const event = sink.events.at(-1);
      assert.equal(event?.final, true);
      assert.ok([200, 499, 502].includes(event?.code ?? 0), `code ${event?.code}`);
    }),
    { numRuns: 150 },
  );
  assert.deepEqual(logLines, []);
  await eventually(() => assert.equal(upstream.sockets.size, 0, 'no upstream connection is left in use'));
});

/** Sends the request and reads the answer piece by piece, and leaves after so many pieces or when the proxy closes. */
async function playClient(port: number, leavesAfter: number, isReset: boolean): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let pieces = 0;
  const step = (): void => {
    pieces += 1;
    if (pieces <= leavesAfter) return;
    if (isReset) socket.resetAndDestroy();
    else socket.destroy();
  };
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
    step();
    if (/\r\n0\r\n\r\n$|\}$/.test(answer)) socket.destroy();
  });
  socket.write(HEAD);
  for (const piece of BODY) {
    if (!socket.destroyed) await new Promise((written) => socket.write(piece, written));
    step();
  }
  await closed;
}

test('a tap that throws is told of once and counted each time, and the requests go on', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('fine'));
  const { port, sink, logLines, settled } = await startProxy(t, upstream.url);
  const open = sink.open;
  Object.assign(sink, {
    open(start: { provider: string }) {
      const live = open(start);
      return Object.defineProperty({ ...live }, 'model', {
        get: () => undefined,
        set() {
          throw new Error('a broken watcher');
        },
      });
    },
  });
  for (let sent = 0; sent < 3; sent += 1) {
    const socket = await openSocket(t, port);
    socket.write(`${HEAD.replace('Host: x', 'Host: x\r\nConnection: close')}${BODY.join('')}`);
    const chunks: unknown[] = await socket.toArray();
    assert.match(chunks.join(''), /^HTTP\/1\.1 200 OK/);
  }
  assert.deepEqual(
    (await settled(3)).map((event) => event.code),
    [200, 200, 200],
  );
  assert.equal(logLines.length, 1);
  // How often for one request depends on how it is cut.
  assert.deepEqual(new Set(sink.failedTaps), new Set(['request']));
  assert.ok(sink.failedTaps.length >= 3, `${sink.failedTaps.length} were counted`);
});

test('a sink that fails altogether changes no answer, nor what is answered to no request', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('fine'));
  const { port, sink } = await startProxy(t, upstream.url);
  Object.assign(sink, {
    open() {
      throw new Error('a broken sink');
    },
  });
  for (const [sent, expected] of [
    [`${HEAD.replace('Host: x', 'Host: x\r\nConnection: close')}${BODY.join('')}`, /^HTTP\/1\.1 200 OK/],
    ['no request\r\n\r\n', /^HTTP\/1\.1 400 /],
  ] as const) {
    const socket = await openSocket(t, port);
    socket.write(sent);
    const chunks: unknown[] = await socket.toArray();
    assert.match(chunks.join(''), expected);
  }
  assert.deepEqual(sink.failedTaps, ['event', 'event']);
});
