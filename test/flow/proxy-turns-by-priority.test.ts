import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, send } from '../support/proxy.ts';
import { startSlots, startThrottled } from '../support/throttled-proxy.ts';

const CORE = { 'x-priority': 'core' };

test('under overload, requests of a high priority go first and all succeed, while low ones are shed', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 4);
  const { port, scrape, queued, settled } = await startThrottled(t, api.url, {
    clock,
    throttle: { max: 4, queue: 10, queueTimeoutMs: 60_000 },
  });
  const ask = (name: string, headers = {}) => send(port, '{"model":"a"}', { headers: { 'x-name': name, ...headers } });
  const low: Promise<IncomingMessage>[] = [];
  for (let index = 0; index < 30; index += 1) low.push(ask(`low${index}`));
  await api.busy(4);
  await queued(10);
  await eventually(() => assert.equal(scrape().sum('llm_queue_rejected_total', { priority: 'default' }), 16));

  const high = Array.from({ length: 6 }, (_, index) => ask(`high${index}`, CORE));
  await eventually(() => assert.equal(scrape().sum('llm_queue_depth', { priority: 'core' }), 6));
  assert.equal(scrape().sum('llm_queue_depth', { priority: 'default' }), 4);
  for (let served = 0; served < 14; served += 1) {
    await api.busy(Math.min(4, 14 - served));
    clock.advance(1000);
    api.release();
    await eventually(() => assert.equal(scrape().sum('llm_requests_total', { code: '200' }), served + 1));
  }

  for (const answer of await Promise.all(high)) assert.equal(answer.statusCode, 200);
  const codes = (await Promise.all(low)).map(({ statusCode }) => statusCode);
  assert.deepEqual([codes.filter((code) => code === 200).length, codes.filter((code) => code === 503).length], [8, 22]);
  await settled(36);
  const order = api.names().map((name) => name.replace(/\d+$/, ''));
  assert.deepEqual(order, [...Array(4).fill('low'), ...Array(6).fill('high'), ...Array(4).fill('low')]);
  assert.equal(api.refused(), 0, 'the API was never asked for more than it can do');

  const { by, sum } = scrape();
  assert.deepEqual(by('llm_requests_total', ['model', 'code', 'cause']), {
    'a 200 none': 14,
    'a 503 shed_by_exporter': 22,
  });
  assert.deepEqual(by('llm_attempts_total', ['code', 'cause']), { '200 none': 14 }, 'what was shed was never tried');
  assert.deepEqual(by('llm_queue_rejected_total', ['priority']), { default: 22 });
  assert.deepEqual(by('llm_queue_wait_seconds_count', ['priority']), { core: 6, default: 8 });
  // One turn a second is given back: the six of the high priority take the first six, the low ones the next four.
  assert.equal(sum('llm_queue_wait_seconds_sum', { priority: 'core' }), 1 + 2 + 3 + 4 + 5 + 6);
  assert.equal(sum('llm_queue_wait_seconds_sum', { priority: 'default' }), 7 + 8 + 9 + 10);
  assert.equal(sum('llm_queue_depth'), 0);
});

test('who is shed is told so: 503, when to come back, and whose doing it is', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 1);
  const { port, queued, settled } = await startThrottled(t, api.url, { clock, throttle: { queue: 1 } });
  const first = send(port, '{"model":"a"}');
  await api.busy(1);
  const late = send(port, '{"model":"a"}');
  await queued(1);

  const full = await send(port, '{"model":"a"}');
  clock.advance(10_000);
  const timedOut = await late;
  for (const [answer, code] of [
    [full, 'shed_queue_full'],
    [timedOut, 'shed_queue_timeout'],
  ] as const) {
    assert.equal(answer.statusCode, 503);
    assert.match(String(answer.headers['retry-after']), /^[2-5]$/);
    assert.equal(answer.headers['x-llm-exporter-origin'], 'exporter');
    assert.equal(answer.headers['x-llm-exporter-cause'], 'shed_by_exporter');
    const { error } = JSON.parse(String(await bodyOf(answer)));
    assert.deepEqual([error.type, error.code, error.param], ['service_unavailable', code, null]);
    assert.match(error.message, /^llm-exporter holds back requests to this API: /);
  }
  api.release();
  await first;
  const events = await settled(3);
  assert.deepEqual(
    events.map(({ code, origin, attempt, durationSeconds }) => [code, origin, attempt, durationSeconds]),
    [
      [503, 'exporter', 0, 0],
      [503, 'exporter', 0, 10],
      [200, 'provider', 1, 10],
    ],
  );
});

test('models that share an API do not share their queues', async (t) => {
  const api = await startSlots(t, 10);
  const { port, queued } = await startThrottled(t, api.url, { throttle: { per: 'model', queue: 1 } });
  const ask = (model: string, name: string) =>
    send(port, JSON.stringify({ messages: ['x'.repeat(100_000)], model }), { headers: { 'x-name': name } });
  const first = ask('a', 'a1');
  await api.busy(1);
  const second = ask('a', 'a2');
  await queued(1);
  assert.equal((await ask('a', 'a3')).statusCode, 503, 'the queue of this model is full');
  const other = ask('b', 'b1');
  await api.busy(2);
  assert.deepEqual(api.names(), ['a1', 'b1'], 'though the model stands behind 100 kB of messages');
  for (const answered of [first, other, second]) {
    api.release();
    assert.equal((await answered).statusCode, 200);
    if (answered === other) await api.busy(1);
  }
});

test('an adaptive cap comes down to what the API takes', async (t) => {
  const api = await startSlots(t, 4);
  const { port, scrape } = await startThrottled(t, api.url, { throttle: { max: 40, queue: 100, adaptive: true } });
  /** Forty requests at once, of which the API works on four at a time. */
  async function wave(): Promise<number> {
    const before = api.refused();
    const answers = Array.from({ length: 40 }, () => send(port, '{"model":"a"}'));
    await eventually(() => {
      assert.equal(api.refused() - before + api.working.length + scrape().sum('llm_queue_depth'), 40);
    });
    let isOver = false;
    const over = Promise.all(answers).then((all) => {
      isOver = true;
      return all;
    });
    await eventually(
      () => {
        api.release();
        assert.ok(isOver);
      },
      DEADLINE_MS,
      1,
    );
    for (const answer of await over) answer.resume();
    return api.refused() - before;
  }
  const refused: number[] = [];
  for (let index = 0; index < 8; index += 1) refused.push(await wave());
  const [first = 0, ...others] = refused;
  assert.ok(
    others.slice(3).every((count) => count < first / 2),
    `nothing holds the first wave back, and little more than the API takes gets there later: ${refused}`,
  );
});
