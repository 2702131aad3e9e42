import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, send } from '../support/proxy.ts';
import { startRetrying } from '../support/retrying-proxy.ts';
import { startSlots, startThrottled } from '../support/throttled-proxy.ts';
import { chatFrame, DONE_FRAME, openStream, startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m","stream":false}';

type Answer = (response: ServerResponse, clock: ManualClock) => void;

/** A 503 without a word after so many seconds, to be tried again after so many. */
const busy =
  (seconds: number, retryAfter?: string): Answer =>
  (response, clock) => {
    clock.advance(seconds * 1000);
    response.writeHead(503, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
  };

/** A proxy that retries, before an upstream that gives these answers; time passes only in them and in waits, which end at once. */
async function startAnswering(t: TestContext, answers: readonly Answer[]) {
  const manual = createManualClock();
  const clock: Clock = {
    ...manual,
    after(delayMs, task) {
      if (delayMs < 30_000 || delayMs > 31_000) return manual.after(delayMs, task);
      const wait = setImmediate(() => {
        manual.advance(delayMs);
        task();
      });
      return () => clearImmediate(wait);
    },
  };
  let tries = 0;
  const upstream = await startUpstream(t, (request, response) => {
    const answer = answers[tries];
    tries += 1;
    request.resume().once('end', () => answer?.(response, manual));
  });
  const policy = { maxRetries: answers.length - 1, deadlineMs: 600_000 };
  return startRetrying(t, upstream.url, policy, { clock });
}

const verdictsOf = ({ store }: Awaited<ReturnType<typeof startAnswering>>) =>
  store.samples('llm_requests_total').map(({ labels: { code, cause } }) => `${code} ${cause}`);

test('a request that is refused at once after two waits has met no timeout', async (t) => {
  const running = await startAnswering(t, [busy(0, '30'), busy(0, '30'), busy(0.5)]);
  const answer = await send(running.port, CHAT);
  await bodyOf(answer);
  const [event] = await running.settled(1);
  assert.equal(Math.round(event?.durationSeconds ?? 0), 61, 'all of the time is the duration');
  assert.deepEqual(event?.lastTry, { durationSeconds: 0.5, firstTokenSeconds: undefined });
  assert.deepEqual(verdictsOf(running), ['503 service_unavailable']);
  assert.deepEqual(running.decisions.at(-1), ['service_unavailable', 'attempts_exhausted']);
});

test('a last try that took as long as the gateway waits is a timeout, however long the tries before', async (t) => {
  const running = await startAnswering(t, [busy(5, '30'), busy(60)]);
  await bodyOf(await send(running.port, CHAT));
  await running.settled(1);
  assert.deepEqual(verdictsOf(running), ['503 gateway_timeout_long_generation']);
});

test('the first token of the last try is timed from where that began', async (t) => {
  const stream: Answer = (response, clock) => {
    clock.advance(1000);
    openStream(response).end(chatFrame('a') + DONE_FRAME);
  };
  const running = await startAnswering(t, [busy(0, '30'), stream]);
  await bodyOf(await send(running.port, '{"model":"m","stream":true}'));
  const [event] = await running.settled(1);
  assert.deepEqual(event?.lastTry, { durationSeconds: 1, firstTokenSeconds: 1 });
  assert.equal(Math.round(event?.firstTokenSeconds ?? 0), 31);
});

test('a client that leaves while it waits for another try leaves the time of the try before', async (t) => {
  const clock = createManualClock();
  const upstream = await startUpstream(t, (request, response) => {
    request.resume().once('end', () => busy(2, '20')(response, clock));
  });
  const waits: number[] = [];
  const watched: Clock = {
    ...clock,
    after(delayMs, task) {
      waits.push(delayMs);
      return clock.after(delayMs, task);
    },
  };
  const { port, settled } = await startRetrying(t, upstream.url, {}, { clock: watched });
  const opened = openRequest(port);
  opened.end(CHAT);
  await eventually(() => assert.ok(waits.some((ms) => ms >= 20_000 && ms <= 20_001)));
  clock.advance(10_000);
  opened.destroy();
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.durationSeconds, event?.lastTry?.durationSeconds], [499, 12, 2]);
});

test('the queue is no part of what a cause is judged by', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 1);
  const throttle = { queueTimeoutMs: 100_000 };
  const { port, queued, settled, scrape } = await startThrottled(t, api.url, { clock, throttle });
  const first = send(port, CHAT);
  await api.busy(1);
  const second = openRequest(port);
  second.end(CHAT);
  const answered = headOf(second);
  await queued(1);
  clock.advance(60_000);
  api.release();
  await bodyOf(await first);
  await api.busy(1);
  clock.advance(300);
  api.working.shift()?.response.writeHead(503).end();
  await bodyOf(await answered);
  const [, event] = await settled(2);
  assert.deepEqual([event?.durationSeconds, event?.lastTry?.durationSeconds], [60.3, 0.3]);
  assert.deepEqual(scrape().by('llm_requests_total', ['code', 'cause'])['503 service_unavailable'], 1);
});

test('a request that never got its turn was never tried', async (t) => {
  const clock = createManualClock();
  const api = await startSlots(t, 1);
  const { port, queued, settled } = await startThrottled(t, api.url, { clock, throttle: { queueTimeoutMs: 60_000 } });
  const first = send(port, CHAT);
  await api.busy(1);
  const second = send(port, CHAT);
  await queued(1);
  clock.advance(60_000);
  await bodyOf(await second);
  api.release();
  await bodyOf(await first);
  const [event] = await settled(2);
  assert.deepEqual([event?.code, event?.durationSeconds, event?.lastTry], [503, 60, {}]);
});
