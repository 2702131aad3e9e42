import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, openSocket, readToEnd, send } from '../support/proxy.ts';
import { AT_ONCE } from '../support/retrying-proxy.ts';
import { startSlots, startThrottled } from '../support/throttled-proxy.ts';
import { startUpstream } from '../support/upstream.ts';

const named = (name: string) => ({ headers: { 'x-name': name } });

test('a client that leaves while it waits is 499, frees its place at once, and never reaches the API', async (t) => {
  const api = await startSlots(t, 1);
  const { port, events, queued, settled, scrape } = await startThrottled(t, api.url, { throttle: { queue: 1 } });
  const first = send(port, '{"model":"a"}', named('first'));
  await api.busy(1);
  // Once with a small body, once with one that comes in many pieces.
  for (const [at, size] of [10, 200_000].entries()) {
    const impatient = openRequest(port, named('impatient'));
    impatient.end(JSON.stringify({ prompt: 'x'.repeat(size), model: 'a' }));
    await queued(1);
    impatient.destroy();
    await eventually(() => assert.equal(events.length, at + 1));
    await queued(0);
  }
  const next = send(port, '{"model":"a"}', named('next'));
  await queued(1);
  api.release();
  await first;
  await api.busy(1);
  api.release();
  assert.equal((await next).statusCode, 200);
  assert.deepEqual(api.names(), ['first', 'next']);
  const all = await settled(4);
  assert.deepEqual(
    all.map(({ code, origin, attempt }) => [code, origin, attempt]),
    [
      [499, 'client', 0],
      [499, 'client', 0],
      [200, 'provider', 1],
      [200, 'provider', 1],
    ],
  );
  assert.deepEqual(scrape().by('llm_queue_rejected_total', ['priority']), {}, 'nobody was sent away');
});

test('a wait is part of the duration, and of none of the timeouts of the upstream', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 1);
  const { port, queued, settled } = await startThrottled(t, api.url, {
    clock,
    timeouts: { connectMs: 100, headersMs: 1000, idleMs: 1000 },
  });
  const first = send(port, '{"model":"a"}');
  await api.busy(1);
  const second = send(port, '{"model":"a"}');
  await queued(1);
  clock.advance(900);
  api.release();
  await first;
  await api.busy(1);
  clock.advance(900);
  api.release();
  assert.equal((await second).statusCode, 200);
  assert.deepEqual(
    (await settled(2)).map(({ durationSeconds }) => durationSeconds),
    [0.9, 1.8],
  );
});

test('a drain lets those go on who wait, and takes no more', async (t) => {
  const api = await startSlots(t, 1);
  const { proxy, port, queued, settled } = await startThrottled(t, api.url);
  const late = await openSocket(t, port);
  late.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n');
  const first = send(port, '{"model":"a"}', named('first'));
  await api.busy(1);
  const second = send(port, '{"model":"a"}', named('second'));
  await queued(1);
  const drained = proxy.drain(600_000);
  const refusal = readToEnd(late);
  late.write('Content-Length: 0\r\n\r\n');
  assert.match(await refusal, /"code":"draining"/);
  api.release();
  assert.equal((await first).statusCode, 200);
  await api.busy(1);
  api.release();
  assert.equal((await second).statusCode, 200);
  await drained;
  assert.deepEqual(
    (await settled(3)).map(({ code }) => code),
    [503, 200, 200],
  );
});

test('who still waits at the deadline of a drain is told, and the API is not asked', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 1);
  const { proxy, port, queued, settled } = await startThrottled(t, api.url, {
    clock,
    throttle: { queueTimeoutMs: 60_000 },
  });
  const first = send(port, '{"model":"a"}', named('first'));
  await api.busy(1);
  const second = send(port, '{"model":"a"}', named('second'));
  await queued(1);
  const drained = proxy.drain(5000);
  clock.advance(5000);
  for (const answer of [await first, await second]) {
    assert.equal(answer.statusCode, 503);
    assert.match(String(await bodyOf(answer)), /drain_deadline/);
  }
  await drained;
  assert.deepEqual(api.names(), ['first']);
  await settled(2);
});

test('a large body is not held while its request waits, and arrives whole', async (t) => {
  const api = await startSlots(t, 1);
  const { port, queued } = await startThrottled(t, api.url);
  const first = send(port, '{"model":"a"}');
  await api.busy(1);
  const body = Buffer.alloc(64 * 1024 * 1024, 'abcdefghij');
  const large = openRequest(port, { headers: { 'content-length': body.length } });
  large.end(body);
  await queued(1);
  let before = -1;
  const sent = () => large.socket?.bytesWritten ?? 0;
  await eventually(
    () => {
      const moved = sent() - before;
      before = sent();
      assert.equal(moved, 0);
    },
    DEADLINE_MS,
    200,
  );
  assert.ok((large.socket?.writableLength ?? 0) > 32 * 1024 * 1024, 'most of it still waits at the client');
  api.release();
  await first;
  await api.busy(1);
  api.release();
  assert.equal((await headOf(large)).statusCode, 200);
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  assert.equal(digest(api.seen[1]?.body ?? Buffer.alloc(0)), digest(body));
});

test('a reload changes the cap for those who wait', async (t) => {
  const api = await startSlots(t, 10);
  const { port, queued, reload, settled } = await startThrottled(t, api.url);
  const answers = [send(port, '{"model":"a"}')];
  await api.busy(1);
  for (let index = 0; index < 4; index += 1) answers.push(send(port, '{"model":"a"}'));
  await queued(4);
  reload({ max: 3 });
  await api.busy(3);
  await queued(2);
  reload(undefined);
  await api.busy(5);
  answers.push(send(port, '{"model":"a"}'));
  await api.busy(6);
  for (let index = 0; index < 6; index += 1) api.release();
  for (const answer of await Promise.all(answers)) assert.equal(answer.statusCode, 200);
  await settled(6);
});

test('a request that is tried again keeps its turn', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 0);
  const { port, queued, settled } = await startThrottled(t, api.url, { clock, route: { retry: AT_ONCE } });
  const first = send(port, '{"model":"a"}', named('first'));
  await eventually(() => assert.equal(api.seen.length, 1));
  const second = send(port, '{"model":"a"}', named('second'));
  await queued(1);
  await eventually(() => {
    clock.advance(1);
    assert.equal(api.seen.length, 6);
  });
  for (const answer of [await first, await second]) assert.equal(answer.statusCode, 503);
  assert.deepEqual(api.names(), [...Array(3).fill('first'), ...Array(3).fill('second')]);
  await settled(2);
});

test('tries that fail lower an adaptive cap, the last one and those before it', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 0);
  const throttle = { max: 10, adaptive: true };
  const { port, queued } = await startThrottled(t, api.url, { clock, throttle, route: { retry: AT_ONCE } });
  const failed = send(port, '{"model":"a"}');
  await eventually(() => {
    clock.advance(1);
    assert.equal(api.seen.length, 3);
  });
  assert.equal((await failed).statusCode, 503);
  api.resize(10);
  const answers = Array.from({ length: 10 }, () => send(port, '{"model":"a"}'));
  await queued(8);
  await api.busy(2);
  await eventually(() => {
    api.release();
    assert.equal(api.seen.length, 13);
  });
  api.release();
  for (const answer of await Promise.all(answers)) assert.equal(answer.statusCode, 200);
});

test('a request that falls back gives its turn back', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 0);
  const retry = { ...AT_ONCE, fallback: { model: 'b', causes: new Set<string>() } };
  const { port, settled } = await startThrottled(t, api.url, { clock, route: { retry } });
  const first = send(port, '{"model":"a"}');
  await eventually(() => assert.equal(api.seen.length, 1));
  api.resize(2);
  await eventually(() => {
    clock.advance(1);
    assert.equal(api.working.length, 1);
  });
  const second = send(port, '{"model":"a"}');
  await api.busy(2);
  api.release();
  api.release();
  for (const answer of [await first, await second]) assert.equal(answer.statusCode, 200);
  await settled(2);
});

test('a client that is not done when the API is keeps no turn', async (t) => {
  const clock = createManualClock();
  const api = await startUpstream(t, (_request, response) => void response.writeHead(401).end('{}'));
  const { port } = await startThrottled(t, api.url, { clock });
  const slow = await openSocket(t, port);
  slow.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"model":"a"');
  // The event's one argument is the piece.
  const [answer] = (await once(slow, 'data')) as [Buffer];
  assert.match(String(answer), /^HTTP\/1\.1 401 /);
  // The rest of the request is heard out for a second that this clock never lets pass.
  assert.equal((await send(port, '{"model":"a"}')).statusCode, 401);
});

test('an answer that the exporter cannot get gives the turn back, too', async (t) => {
  const { port, settled, events } = await startThrottled(t, 'http://127.0.0.1:1');
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(port, '{"model":"a"}')));
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    Array(8).fill(502),
  );
  await settled(8);
  assert.ok(events.every(({ attempt }) => attempt === 1));
});
