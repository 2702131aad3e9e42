import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { Clock } from '../../../../../src/clock.ts';
import { createUpstream, type Upstream } from '../../../../../src/input/proxy/upstream/upstream.ts';
import { DEADLINE_MS, eventually } from '../../../../support/eventually.ts';
import { createManualClock, type ManualClock } from '../../../../support/manual-clock.ts';
import { systemNames } from '../../../../support/names.ts';
import { startWire } from '../../../../support/wire.ts';
import { record } from '../../../../support/wire-call.ts';

const TIMEOUTS = { connectMs: 1000, headersMs: 60_000, idleMs: 30_000 };
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

interface Timed {
  readonly upstream: Upstream;
  readonly clock: ManualClock;
  /** Timers that are set and have neither run nor been cancelled. */
  timers(): number;
}

function timedUpstream(t: TestContext, url: string): Timed {
  const clock = createManualClock();
  const timers = new Set<object>();
  const counting: Clock = {
    ...clock,
    after(delayMs, task) {
      const timer = {};
      timers.add(timer);
      const cancel = clock.after(delayMs, () => {
        timers.delete(timer);
        task();
      });
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
  const target = { url, provider: 'fake' };
  const upstream = createUpstream({
    target,
    timeouts: TIMEOUTS,
    maxHeaderBytes: 65_536,
    clock: counting,
    names: systemNames(),
  });
  t.after(() => upstream.destroy());
  return { upstream, clock, timers: () => timers.size };
}

test('a handshake that never ends is given up, and nothing is left of it', async (t) => {
  const wire = await startWire(t);
  const { upstream, clock, timers } = timedUpstream(t, wire.url.replace('http:', 'https:'));
  const call = record(upstream);
  await eventually(() => assert.ok(wire.connections[0]?.text().startsWith('\x16\x03')));
  clock.advance(999);
  assert.deepEqual(call.heard, []);
  clock.advance(1);
  assert.deepEqual(call.heard, ['error connect_timeout']);
  assert.equal(timers(), 0);
  await eventually(() => assert.equal(wire.open(), 0));
});

test('an answer is waited for from the last byte of its request, and anew from each 1xx', async (t) => {
  const wire = await startWire(t);
  const { upstream, clock, timers } = timedUpstream(t, wire.url);
  const body = new Readable({ read: () => undefined });
  const call = record(upstream, { body, isChunked: true });
  await call.hears('connected');
  for (let piece = 0; piece < 5; piece += 1) {
    clock.advance(100_000);
    body.push('a client that takes its time');
    await eventually(() => assert.ok((wire.connections[0]?.text().split('time').length ?? 0) > piece + 1));
  }
  body.push(null);
  await call.hears('sent');
  clock.advance(59_000);
  wire.connections[0]?.socket.write('HTTP/1.1 102 Processing\r\n\r\n');
  await call.hears('102');
  clock.advance(59_000);
  // What is no head is no sign of life: it may come byte by byte for ever.
  wire.connections[0]?.socket.write('HTTP/1.1 200');
  await eventually(() => assert.equal(wire.connections[0]?.socket.writableLength, 0));
  clock.advance(999);
  assert.ok(!call.heard.some((word) => word.startsWith('error')));
  clock.advance(1);
  assert.equal(call.heard.at(-1), 'error headers_timeout');
  assert.equal(timers(), 0);
  await eventually(() => assert.equal(wire.open(), 0));
});

test('an upstream that takes nothing of the request is given up', async (t) => {
  const wire = await startWire(t, ({ socket }) => void socket.pause());
  const { upstream, clock, timers } = timedUpstream(t, wire.url);
  let given = 0;
  const body = new Readable({
    read() {
      given += 1;
      this.push(Buffer.alloc(65_536));
    },
  });
  const call = record(upstream, { body, isChunked: true });
  await call.hears('connected');
  let before = -1;
  const standsStill = (): void => {
    const moved = given - before;
    before = given;
    assert.equal(moved, 0);
  };
  await eventually(standsStill, DEADLINE_MS, 200);
  clock.advance(29_999);
  assert.deepEqual(call.heard, ['connected']);
  clock.advance(1);
  assert.deepEqual(call.heard, ['connected', 'error headers_timeout']);
  assert.equal(timers(), 0);
  assert.ok(body.destroyed);
});

test('an answer may be silent for the idle time between two pieces, and no longer', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
  });
  const { upstream, clock, timers } = timedUpstream(t, wire.url);
  const call = record(upstream);
  await call.hears('head 200');
  for (const piece of ['a', 'b', 'c']) {
    clock.advance(29_999);
    wire.connections[0]?.socket.write(piece);
    await eventually(() => assert.ok(call.body().endsWith(piece)));
  }
  clock.advance(29_999);
  assert.equal(call.heard.at(-1), 'head 200');
  clock.advance(1);
  assert.equal(call.heard.at(-1), 'error idle_timeout');
  assert.equal(timers(), 0);
});

test('while the client is waited for, no time runs', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write('HTTP/1.1 200 OK\r\n\r\npiece');
  });
  const { upstream, clock } = timedUpstream(t, wire.url);
  const call = record(upstream, {}, { onData: () => false });
  await eventually(() => assert.equal(call.body(), 'piece'));
  clock.advance(10_000_000);
  assert.equal(call.heard.at(-1), 'head 200');
  call.resume();
  clock.advance(29_999);
  assert.equal(call.heard.at(-1), 'head 200');
  clock.advance(1);
  assert.equal(call.heard.at(-1), 'error idle_timeout');
});

test('a connection is kept for less than the server says, or than a server that says nothing does', async (t) => {
  for (const [hint, keptMs] of [
    ['', 4000],
    ['Keep-Alive: timeout=30, max=10\r\n', 29_000],
    ['Keep-Alive: timeout=100000\r\n', 60_000],
    ['Keep-Alive: timeout=1\r\n', 0],
    ['Keep-Alive: timeout=0\r\n', 0],
    ['Keep-Alive: max=7\r\n', 4000],
  ] as const) {
    const wire = await startWire(t, async ({ socket, has }) => {
      await has(/\r\n\r\n/);
      socket.write(OK.replace('Content', `${hint}Content`));
    });
    const { upstream, clock, timers } = timedUpstream(t, wire.url);
    await record(upstream).hears('end');
    if (keptMs > 0) {
      clock.advance(keptMs - 1);
      assert.equal(timers(), 1);
      assert.equal(wire.open(), 1, hint);
      clock.advance(1);
    }
    await eventually(() => assert.equal(wire.open(), 0, hint));
    assert.equal(timers(), 0);
  }
});

test('closing drops what is idle and lets the rest finish; destroying ends everything; no timer is left', async (t) => {
  const wire = await startWire(t, async ({ socket, has }, number) => {
    await has(/\r\n\r\n/);
    if (number <= 2) socket.write(OK);
  });
  const { upstream, timers } = timedUpstream(t, wire.url);
  await record(upstream).hears('end');
  const slow = [record(upstream), record(upstream), record(upstream)];
  await eventually(() => assert.equal(wire.connections.length, 3));
  await eventually(() => assert.ok(wire.connections.every((connection) => connection.text() !== '')));
  upstream.close();
  wire.connections[2]?.socket.write(OK);
  await eventually(() => assert.equal(slow.filter((call) => call.heard.includes('end')).length, 2));
  const late = [record(upstream), record(upstream)];
  upstream.destroy();
  assert.equal(timers(), 0);
  await eventually(() => assert.equal(wire.open(), 0));
  assert.deepEqual(
    late.flatMap((call) => call.heard),
    [],
  );
});

test('calls that are given up, each at another point, leave no connection, timer or word behind', async (t) => {
  const wire = await startWire(t, async ({ socket, has }) => {
    await has(/\r\n\r\n/);
    socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
    socket.write('0\r\n\r\n');
  });
  const { upstream, timers } = timedUpstream(t, wire.url);
  for (let round = 0; round < 60; round += 1) {
    const calls: { heard: readonly string[]; before: number }[] = [];
    const points = ['now', 'turn', 'onConnected', 'onSent', 'onInformation', 'onHead', 'onData', 'onEnd'] as const;
    for (const point of points) {
      const entry = { heard: [] as readonly string[], before: 0 };
      const giveUp = (): boolean => {
        call.abort();
        entry.before = call.heard.length;
        return true;
      };
      const call = record(
        upstream,
        { body: round % 2 === 0 ? undefined : Readable.from(['abc']), isChunked: round % 2 === 1 },
        { [point]: giveUp },
      );
      entry.heard = call.heard;
      if (point === 'now') giveUp();
      if (point === 'turn') setImmediate(giveUp);
      calls.push(entry);
    }
    await eventually(() => assert.ok(calls.every(({ before }, at) => before > 0 || at < 2)), DEADLINE_MS, 1);
    await new Promise((resolve) => setImmediate(resolve));
    for (const [at, { heard, before }] of calls.entries())
      assert.ok(heard.length <= before + 1, `${points[at]}: ${heard.join(', ')}`);
  }
  upstream.destroy();
  assert.equal(timers(), 0);
  await eventually(() => assert.equal(wire.open(), 0));
});
