import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { bodyOf, send } from '../support/proxy.ts';
import {
  CHAT,
  isRunning,
  openStreams,
  outcomes,
  pair,
  startHeldApi,
  startWorkers,
} from '../support/several-workers.ts';

const ASK = { path: '/v1/chat/completions' };

describe('workers that die', () => {
  test('the requests of one are counted once, those of the other go on, and another takes its place', async (t) => {
    const api = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: api.url });
    const [first, second] = pair(exporter);
    const doomed = await exporter.onWorker(first, () => openStreams(exporter.port, 4));
    const spared = await exporter.onWorker(second, () => openStreams(exporter.port, 3));
    await exporter.inFlight(7);
    const ends = outcomes(doomed);
    await exporter.kill(first);
    assert.deepEqual(await ends, { whole: 0, cut: 4 });
    await exporter.inFlight(3);
    api.release();
    assert.deepEqual(await outcomes(spared), { whole: 3, cut: 0 });
    const { by, sum } = await exporter.settled(7);
    assert.deepEqual(by('llm_requests_total', ['model', 'code', 'cause']), {
      'm 200 none': 3,
      'm 503 exporter_failed': 4,
    });
    await eventually(() => assert.equal(exporter.pids().length, 2));
    assert.equal(sum('llm_exporter_proxy_worker_uncounted_requests_total'), 0);
    assert.match(
      exporter.stderr(),
      new RegExp(`msg="a worker of the proxy died.*worker=${first} how=SIGKILL requests=4`),
    );
    for (const pid of pair(exporter)) {
      const answer = await exporter.onWorker(pid, () => send(exporter.port, CHAT, ASK));
      assert.equal(answer.statusCode, 200);
      answer.resume();
    }
    const after = await exporter.settled(9);
    assert.deepEqual(
      [after.sum('llm_exporter_proxy_workers'), after.sum('llm_exporter_proxy_worker_restarts_total')],
      [2, 1],
    );
  });

  test('under load no request is counted twice, and all but what was not told yet is counted', async (t) => {
    const clients = 8;
    const { url } = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: url });
    const [first] = pair(exporter);
    const tally = { answered: 0, broken: 0 };
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let sent = 0; sent < 150; sent += 1) {
        try {
          await bodyOf(await send(exporter.port, CHAT, { ...ASK, agent }));
          tally.answered += 1;
        } catch {
          tally.broken += 1;
        }
      }
      agent.destroy();
    };
    const running = Array.from({ length: clients }, client);
    await eventually(() => assert.ok(tally.answered > 100));
    await exporter.kill(first);
    await Promise.all(running);
    await exporter.inFlight(0);
    const { sum } = await exporter.scrape();
    const counted = sum('llm_requests_total');
    const all = tally.answered + tally.broken;
    assert.equal(all, clients * 150);
    // Each client has one request under way: only these can be on their way from the worker to the counters.
    assert.ok(counted <= all && counted >= all - clients, `${counted} of ${all} are counted`);
    const good = sum('llm_requests_total', { code: '200' });
    assert.ok(Math.abs(good - tally.answered) <= clients, `${good} of ${tally.answered} are counted as answered`);
    assert.ok(sum('llm_requests_total', { code: '503' }) <= clients);
    assert.equal(
      good + sum('llm_requests_total', { code: '503' }) + sum('llm_requests_total', { code: '499' }),
      counted,
    );
  });

  test('one that dies again and again is started after growing waits', async (t) => {
    const { url } = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: url });
    const [, spared] = pair(exporter);
    for (const deaths of [1, 2, 3]) {
      const doomed = await eventually(() => {
        const pid = exporter.pids().find((other) => other !== spared);
        assert.ok(pid !== undefined);
        return pid;
      });
      await exporter.kill(doomed);
      const answer = await send(exporter.port, CHAT, ASK);
      assert.equal(answer.statusCode, 200, `served after ${deaths} deaths`);
      answer.resume();
    }
    const waits = [...exporter.stderr().matchAll(/again_in_ms=(\d+)/g)].map(([, ms]) => Number(ms));
    assert.deepEqual(waits, [100, 200, 400]);
  });

  test('when the main process dies, workers free the port, let their requests finish and end', async (t) => {
    const api = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: api.url });
    const pids = pair(exporter);
    const streams = [];
    for (const pid of pids) streams.push(...(await exporter.onWorker(pid, () => openStreams(exporter.port, 2))));
    exporter.child.kill('SIGKILL');
    await eventually(() => refused(exporter.port));
    assert.deepEqual(pids.map(isRunning), [true, true]);
    api.release();
    assert.deepEqual(await outcomes(streams), { whole: 4, cut: 0 });
    await eventually(() => assert.deepEqual(pids.map(isRunning), [false, false]));
  });
});

/** Resolves when nobody listens on a port. */
function refused(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      reject(new Error('somebody listens'));
    });
    socket.once('error', () => resolve());
  });
}
