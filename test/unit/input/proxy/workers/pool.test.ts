import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { proxySchema } from '../../../../../src/config/proxy/schema-proxy.ts';
import { WorkerPool } from '../../../../../src/input/proxy/workers/pool.ts';
import { createLog } from '../../../../../src/log.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { send } from '../../../../support/proxy.ts';
import { createCounted } from '../../../../support/retrying-proxy.ts';
import { openStreams, outcomes, startHeldApi } from '../../../../support/several-workers.ts';

const PROGRAM = join(import.meta.dirname, '../../../../../src/main.ts');
const LOOPBACK = { host: '127.0.0.1', port: 0 };

/** A pool of two in this process, whose clock the test moves. */
async function startPool(t: TestContext) {
  const created = await createPool(t);
  const { port } = await created.pool.listen(LOOPBACK);
  return { ...created, port };
}

async function createPool(t: TestContext) {
  const api = await startHeldApi(t);
  const clock = createManualClock();
  const { sink, counted } = createCounted(clock);
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const told = { up: 0, restarted: 0 };
  const workers = () => ({
    up: (count: number) => {
      told.up = count;
    },
    restarted: () => {
      told.restarted += 1;
    },
    uncounted: () => assert.fail('requests were not counted'),
  });
  const proxy = proxySchema.parse({ upstream: api.url, provider: 'p', workers: 2 });
  const pool = new WorkerPool({
    ...{ settings: { proxy, gatewayTimeouts: {} }, program: PROGRAM, sink: { ...sink, workers }, clock, log },
  });
  const pids = (): number[] =>
    lines.flatMap((line) => Number(/a worker of the proxy listens" worker=(\d+)/.exec(line)?.[1] ?? []));
  t.after(() => pool.close());
  return { pool, clock, counted, lines, told, pids, api };
}

test('workers that hang cannot hold up the end, and what they had is counted', { timeout: 120_000 }, async (t) => {
  const { pool, port, clock, counted, told, pids } = await startPool(t);
  assert.deepEqual([told.up, pool.isServing], [2, true]);
  const ends = outcomes(await openStreams(port, 3));
  await eventually(() => assert.equal(counted.live(), 3));
  for (const pid of pids()) process.kill(pid, 'SIGSTOP');
  const drained = pool.drain(30_000);
  clock.advance(30_000);
  assert.equal(counted.live(), 3);
  clock.advance(5000);
  await drained;
  assert.deepEqual(await ends, { whole: 0, cut: 3 });
  assert.deepEqual([counted.sum('llm_requests_total', { code: '503' }), counted.live(), told.up], [3, 0, 0]);
  assert.equal(told.restarted, 0);
});

test('a stop is not undone by a worker that was to be started again', { timeout: 120_000 }, async (t) => {
  const { pool, clock, lines, told, pids } = await startPool(t);
  for (const pid of pids()) process.kill(pid, 'SIGKILL');
  await eventually(() => assert.equal(lines.filter((line) => /again_in_ms=100/.test(line)).length, 2));
  assert.deepEqual([told, pool.isServing], [{ up: 0, restarted: 0 }, false]);
  clock.advance(99);
  assert.equal(told.restarted, 0);
  await pool.close();
  clock.advance(60_000);
  assert.equal(told.restarted, 0);
});

test('when all have died, those that follow serve the same port', { timeout: 120_000 }, async (t) => {
  const { port, clock, lines, told, pids, api } = await startPool(t);
  for (const pid of pids()) process.kill(pid, 'SIGKILL');
  await eventually(() => assert.equal(lines.filter((line) => /again_in_ms=100/.test(line)).length, 2));
  clock.advance(100);
  await eventually(() => assert.deepEqual(told, { up: 2, restarted: 2 }));
  const streams = await openStreams(port, 2);
  api.release();
  assert.deepEqual(await outcomes(streams), { whole: 2, cut: 0 });
});

test('a reload that comes while workers start holds for them', { timeout: 120_000 }, async (t) => {
  const { pool, counted } = await createPool(t);
  const { url } = await startHeldApi(t);
  const listened = pool.listen(LOOPBACK);
  const proxy = proxySchema.parse({ upstream: url, provider: 'other', workers: 2 });
  pool.reconfigure({ proxy, gatewayTimeouts: {} });
  const { port } = await listened;
  for (const answer of await Promise.all([send(port), send(port), send(port)])) answer.resume();
  const events = await eventually(() => counted.settled(3));
  assert.deepEqual(new Set(events.map(({ provider, code }) => `${provider} ${code}`)), new Set(['other 200']));
});

test('one that dies while others have yet to listen is followed by another', { timeout: 120_000 }, async (t) => {
  const { pool, clock, lines, told, pids } = await createPool(t);
  const before = new Set(Object.keys(cluster.workers ?? {}));
  const listened = pool.listen(LOOPBACK);
  const started = Object.entries(cluster.workers ?? {}).filter(([id]) => !before.has(id));
  const late = started.at(-1)?.[1]?.process.pid ?? assert.fail('no process was started');
  process.kill(late, 'SIGSTOP');
  await eventually(() => assert.equal(told.up, 1));
  for (const pid of pids()) process.kill(pid, 'SIGKILL');
  await eventually(() => assert.equal(told.up, 0));
  process.kill(late, 'SIGCONT');
  await listened;
  assert.match(lines.join(''), /again_in_ms=100/);
  clock.advance(100);
  await eventually(() => assert.deepEqual(told, { up: 2, restarted: 1 }));
});

test('one that dies before it listens makes the start fail, and nothing is left', { timeout: 120_000 }, async (t) => {
  const { pool, clock, told } = await createPool(t);
  const before = new Set(Object.keys(cluster.workers ?? {}));
  const listened = pool.listen(LOOPBACK);
  const [doomed] = Object.entries(cluster.workers ?? {}).filter(([id]) => !before.has(id));
  doomed?.[1]?.process.kill('SIGKILL');
  await assert.rejects(listened, /ended before it listened: SIGKILL/);
  await pool.close();
  clock.advance(60_000);
  assert.deepEqual([told, Object.keys(cluster.workers ?? {})], [{ up: 0, restarted: 0 }, []]);
});
