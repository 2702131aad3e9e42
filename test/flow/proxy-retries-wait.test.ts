import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import type { RetryPolicy } from '../../src/input/proxy/retry/policy.ts';
import { DEFAULT_TIMEOUTS } from '../../src/input/proxy/upstream/upstream.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, headOf, openRequest, send } from '../support/proxy.ts';
import { startRetrying } from '../support/retrying-proxy.ts';
import { startUpstream } from '../support/upstream.ts';

const CHAT = '{"model":"m"}';

interface WaitingOptions {
  readonly failures?: number;
  readonly totalMs?: number;
  /** Waits that never end. */
  readonly isStuck?: (delayMs: number) => boolean;
}

/** A proxy whose time the test moves, before an upstream whose first answers are `fails` and every other a good one. */
async function startWaiting(
  t: TestContext,
  fails: RequestListener,
  policy: Partial<RetryPolicy> = {},
  { failures = 1, totalMs, isStuck = () => false }: WaitingOptions = {},
) {
  const manual = createManualClock();
  const waits: number[] = [];
  const clock: Clock = {
    ...manual,
    after(delayMs, task) {
      waits.push(delayMs);
      return manual.after(isStuck(delayMs) ? Number.MAX_SAFE_INTEGER : delayMs, task);
    },
  };
  let tries = 0;
  const upstream = await startUpstream(t, (request, response) => {
    tries += 1;
    request.resume();
    if (tries <= failures) fails(request, response);
    else response.end('fine');
  });
  const timeouts = { ...DEFAULT_TIMEOUTS, totalMs };
  const running = await startRetrying(t, upstream.url, policy, { clock, timeouts });
  const opened = openRequest(running.port);
  opened.end(CHAT);
  return {
    ...running,
    opened,
    waits,
    tries: () => tries,
    advance: manual.advance,
    /** The wait for the next try has begun: so long, and the jitter of a millisecond at most. */
    waitsFor: (ms: number) => eventually(() => assert.ok(waits.some((each) => each >= ms && each <= ms + 1))),
  };
}

const busy =
  (headers: Record<string, string>, message = 'overloaded'): RequestListener =>
  (_request, response) =>
    void response.writeHead(503, headers).end(JSON.stringify({ error: { message } }));

const IN_5_S = busy({ 'retry-after': '5' });

test('Retry-After is waited for, and not a moment less', async (t) => {
  const { opened, advance, waitsFor, events, decisions, settled } = await startWaiting(t, IN_5_S);
  await waitsFor(5000);
  advance(4999);
  assert.deepEqual([events, decisions], [[], []], 'a try is counted when the next one begins');
  advance(2);
  assert.deepEqual(
    events.map(({ attempt, retryAfterSeconds, durationSeconds }) => [attempt, retryAfterSeconds, durationSeconds]),
    [[1, 5, 0]],
  );
  assert.equal(String(await bodyOf(await headOf(opened))), 'fine');
  const [event] = await settled(1);
  assert.deepEqual([event?.attempt, event?.durationSeconds], [2, 5.001]);
});

test('a try is as long as it took, and not as long as the request', async (t) => {
  const { opened, advance, waitsFor, waits, events, settled } = await startWaiting(t, IN_5_S, {}, { failures: 2 });
  await waitsFor(5000);
  waits.length = 0;
  advance(5001);
  await waitsFor(5000);
  advance(5001);
  assert.equal(String(await bodyOf(await headOf(opened))), 'fine');
  await settled(1);
  assert.deepEqual(
    events.map(({ durationSeconds = -1 }) => Math.round(durationSeconds)),
    [0, 0, 10],
  );
});

test('a wait that stands in the body is one, too', async (t) => {
  const told = busy({}, 'Rate limit reached. Please try again in 3.5s.');
  const { opened, advance, waitsFor } = await startWaiting(t, told);
  await waitsFor(3500);
  advance(3501);
  assert.equal(String(await bodyOf(await headOf(opened))), 'fine');
});

test('a longer wait than the policy allows is left to the client', async (t) => {
  for (const policy of [{ maxRetryAfterMs: 4999 }, { deadlineMs: 4999 }]) {
    const { opened, decisions, settled } = await startWaiting(t, IN_5_S, policy);
    const answer = await headOf(opened);
    assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5']);
    await bodyOf(answer);
    await settled(1);
    assert.deepEqual(
      decisions.map(([, decision]) => decision),
      ['deadline'],
    );
  }
});

test('a client that leaves while it waits is one 499, and nothing is sent after it', async (t) => {
  const { port, opened, advance, waitsFor, tries, sum, events, decisions, settled } = await startWaiting(t, IN_5_S);
  await waitsFor(5000);
  opened.destroy();
  await settled(1);
  assert.deepEqual(
    events.map(({ code, origin, attempt, final }) => [code, origin, attempt, final]),
    [
      [503, 'provider', 1, false],
      [499, 'client', 0, true],
    ],
    'the upstream did answer, and nothing was being tried when the client left',
  );
  advance(60_000);
  assert.equal(String(await bodyOf(await send(port, CHAT))), 'fine');
  await settled(2);
  assert.equal(tries(), 2, 'the one before, and the one of the second client');
  assert.deepEqual([sum('llm_requests_total'), sum('llm_attempts_total'), decisions], [2, 2, []]);
  assert.equal(sum('llm_attempts_total', { code: '503', cause: 'model_overloaded' }), 1);
  assert.equal(sum('llm_requests_total', { code: '499', cause: 'client_aborted' }), 1);
  assert.equal(sum('llm_attempts_total', { code: '499' }), 0);
});

test('a drain lets a request that waits have its next try', async (t) => {
  const { proxy, opened, advance, waitsFor, settled } = await startWaiting(t, IN_5_S);
  await waitsFor(5000);
  const drained = proxy.drain(600_000);
  advance(5001);
  const answer = await headOf(opened);
  assert.deepEqual([answer.statusCode, answer.headers.connection], [200, 'close']);
  assert.equal(String(await bodyOf(answer)), 'fine');
  await drained;
  assert.equal((await settled(1))[0]?.attempt, 2);
});

test('at the deadline of a drain, and at a stop, waiting is over, and the client gets the answer that there is', async (t) => {
  for (const isDrain of [true, false]) {
    const { proxy, opened, advance, waitsFor, tries, sum, decisions, settled } = await startWaiting(t, IN_5_S);
    await waitsFor(5000);
    const answered = headOf(opened);
    const stopped = isDrain ? proxy.drain(1000) : proxy.close();
    if (isDrain) advance(1000);
    const answer = await answered;
    assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5']);
    assert.match(String(await bodyOf(answer)), /overloaded/);
    await stopped;
    const [event] = await settled(1);
    assert.deepEqual([event?.code, event?.origin, event?.attempt, tries()], [503, 'provider', 1, 1]);
    assert.deepEqual([sum('llm_requests_total'), sum('llm_attempts_total')], [1, 1]);
    assert.deepEqual(decisions, [['model_overloaded', 'deadline']]);
  }
});

test('a wait that the whole exchange has no time for is not begun', async (t) => {
  for (const totalMs of [5000, 5050]) {
    const { opened, settled, sum, decisions, tries } = await startWaiting(t, IN_5_S, {}, { totalMs });
    const answer = await headOf(opened);
    assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5']);
    await bodyOf(answer);
    await settled(1);
    assert.deepEqual([tries(), decisions], [1, [['model_overloaded', 'deadline']]]);
    assert.equal(sum('llm_attempts_total', { code: '503' }), 1, 'what the upstream answered is counted as that');
  }
});

test('should the time of the exchange run out in a wait all the same, the client gets the answer that there is', async (t) => {
  const isStuck = (delayMs: number) => delayMs >= 5000 && delayMs <= 5001;
  const waiting = await startWaiting(t, IN_5_S, {}, { totalMs: 60_000, isStuck });
  await waiting.waitsFor(5000);
  waiting.advance(60_000);
  const answer = await headOf(waiting.opened);
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5']);
  await bodyOf(answer);
  const [event] = await waiting.settled(1);
  assert.deepEqual([event?.code, event?.attempt, waiting.sum('llm_attempts_total')], [503, 1, 1]);
  assert.deepEqual(waiting.decisions, [['model_overloaded', 'deadline']]);
});

test('a connection that failed before a stop is told as that, too', async (t) => {
  const reset: RequestListener = (request) => void request.socket.resetAndDestroy();
  const policy = { baseDelayMs: 10_000, maxDelayMs: 10_000 };
  const { proxy, opened, waits, settled, decisions } = await startWaiting(t, reset, policy);
  await eventually(() => assert.ok(waits.some((ms) => ms < 10_000 && !Number.isInteger(ms))));
  const answered = headOf(opened);
  const stopped = proxy.close();
  const answer = await answered;
  assert.equal(answer.statusCode, 502);
  await bodyOf(answer);
  await stopped;
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.origin, event?.attempt], [502, 'network', 1]);
  assert.deepEqual(
    decisions.map(([, decision]) => decision),
    ['deadline'],
  );
});

test('a client that leaves while its error is held back is one 499', async (t) => {
  const half: RequestListener = (_request, response) => void response.writeHead(503).write('{');
  const { opened, tries, events, decisions, settled, waitsFor } = await startWaiting(t, half);
  await waitsFor(1000);
  opened.destroy();
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.attempt, events.length, decisions, tries()], [499, 1, 1, [], 1]);
});

test('a client that leaves in the middle of the last error is no decision', async (t) => {
  const half: RequestListener = (_request, response) => void response.writeHead(503).write('{');
  const { opened, decisions, settled } = await startWaiting(t, half, { maxHeldBodyBytes: 0 });
  assert.equal((await headOf(opened)).statusCode, 503);
  opened.destroy();
  const [event] = await settled(1);
  assert.deepEqual([event?.code, event?.attempt, decisions], [499, 1, []]);
});
