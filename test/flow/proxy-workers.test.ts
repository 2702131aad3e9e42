import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { eventually } from '../support/eventually.ts';
import { newStateDir, runCli } from '../support/exporter.ts';
import { bodyOf, send } from '../support/proxy.ts';
import { CHAT, HELD, openStreams, outcomes, pair, startHeldApi, startWorkers } from '../support/several-workers.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startUpstream } from '../support/upstream.ts';
import { createAuthority } from '../support/wire-certificates.ts';

describe('several workers', () => {
  test('all serve the one port, and one set of counters tells of all', async (t) => {
    const { url } = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: url });
    for (const pid of pair(exporter)) {
      const answer = await exporter.onWorker(pid, () => send(exporter.port, CHAT, { path: '/v1/chat/completions' }));
      assert.deepEqual([answer.statusCode, String(await bodyOf(answer))], [200, '{"choices":[]}']);
    }
    const { by, sum } = await exporter.settled(2);
    assert.deepEqual(by('llm_requests_total', ['model', 'code', 'cause']), { 'm 200 none': 2 });
    assert.deepEqual([sum('llm_request_duration_seconds_count'), sum('llm_attempts_total')], [2, 2]);
    assert.deepEqual([sum('llm_exporter_proxy_workers'), sum('llm_exporter_proxy_worker_restarts_total')], [2, 0]);
  });

  test('a worker names the cause of its own answers and tries again by it, and its tries and decisions are counted', async (t) => {
    let asked = 0;
    const { url } = await startUpstream(t, (incoming, response) => {
      incoming.resume();
      asked += 1;
      response.writeHead(asked === 1 ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
    });
    const exporter = await startWorkers(t, {
      upstreams: [
        { name: 'dead', url: 'http://127.0.0.1:9', match: { path_prefix: '/dead' } },
        { name: 'alive', url, provider: 'p', retries: { base_delay: '1ms' } },
      ],
      provider: undefined,
    });
    const dead = await send(exporter.port, CHAT, { path: '/dead/v1/chat/completions' });
    assert.deepEqual([dead.statusCode, dead.headers['x-llm-exporter-cause']], [502, 'upstream_unreachable']);
    dead.resume();
    const alive = await send(exporter.port, CHAT, { path: '/v1/chat/completions' });
    assert.equal(alive.statusCode, 200);
    alive.resume();
    const { by } = await exporter.settled(2);
    assert.deepEqual(by('llm_requests_total', ['provider', 'code']), { '127.0.0.1 502': 1, 'p 200': 1 });
    assert.deepEqual(by('llm_attempts_total', ['provider', 'code']), { '127.0.0.1 502': 1, 'p 200': 1, 'p 503': 1 });
    assert.deepEqual(by('llm_retries_total', ['provider', 'decision']), { 'p retried': 1 });
  });

  test('a cap on requests under way holds for all workers together', async (t) => {
    const api = await startHeldApi(t);
    const throttle = { max_in_flight: 1, per: 'upstream', queue: 1, queue_timeout: '60s' };
    const exporter = await startWorkers(t, { upstream: api.url, throttle });
    const [first, second] = pair(exporter);
    const running = await exporter.onWorker(first, () => openStreams(exporter.port, 1));
    const { waiting, refused } = await exporter.onWorker(second, async () => {
      const asked = openStreams(exporter.port, 1);
      await eventually(async () => assert.equal((await exporter.scrape()).sum('llm_queue_depth'), 1));
      const answer = await send(exporter.port, CHAT);
      return { waiting: asked, refused: answer };
    });
    assert.deepEqual([refused.statusCode, refused.headers['x-llm-exporter-cause']], [503, 'shed_by_exporter']);
    refused.resume();
    assert.equal(api.streams.length, 1);
    api.release();
    assert.deepEqual(await outcomes(running), { whole: 1, cut: 0 });
    // The turn of the one is given to the other, in another process.
    const late = await waiting;
    await exporter.kill(second);
    assert.deepEqual(await outcomes(late), { whole: 0, cut: 1 });
    const next = await exporter.onWorker(first, () => openStreams(exporter.port, 1));
    api.release();
    assert.deepEqual(await outcomes(next), { whole: 1, cut: 0 }, 'a worker that died has given its turn back');
    const { sum } = await exporter.settled(4);
    assert.deepEqual(
      [sum('llm_queue_wait_seconds_count'), sum('llm_queue_rejected_total'), sum('llm_queue_depth')],
      [3, 1, 0],
    );
  });

  test('the connections that are allowed are divided among them', async (t) => {
    const api = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: api.url, max_connections: 3 });
    let room = 0;
    for (const pid of pair(exporter)) {
      await exporter.onWorker(pid, async () => {
        for (;;) {
          const answer = await send(exporter.port, CHAT, HELD);
          if (answer.statusCode === 503) return void answer.resume();
          room += 1;
        }
      });
    }
    assert.equal(room, 3);
    api.release();
    assert.deepEqual((await exporter.settled(5)).by('llm_requests_total', ['code']), { '200': 3, '503': 2 });
  });

  test('each worker speaks TLS where the listener does', async (t) => {
    const authority = await createAuthority({ after: (task) => t.after(task) });
    const { cert, key } = await authority.issue('DNS:localhost');
    const folder = await tempDir(t);
    const files = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
    await writeFile(files.cert_file, cert);
    await writeFile(files.key_file, key);
    const { url } = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: url, tls: files });
    for (const pid of pair(exporter)) {
      await exporter.onWorker(pid, async () => {
        const sent = request({ host: 'localhost', port: exporter.port, ca: authority.ca, agent: false }).end();
        // The event's one argument is the answer.
        const [answer] = (await once(sent, 'response')) as [IncomingMessage];
        assert.equal(answer.statusCode, 200);
        await bodyOf(answer);
      });
    }
    assert.equal((await exporter.settled(2)).sum('llm_requests_total', { code: '200' }), 2);
  });

  test('a port in use is a problem of the configuration, and nothing is left running', async (t) => {
    const { port } = await startHeldApi(t);
    const config = join(await tempDir(t), 'config.yml');
    await writeFile(
      config,
      `proxy: {upstream: "http://api.example", workers: 2, listen_address: "127.0.0.1:${port}"}\n`,
    );
    const run = runCli(t, [
      ...['serve', `--config.file=${config}`, '--web.listen-address=127.0.0.1:0', `--state.dir=${newStateDir()}`],
      '--state.sync=off',
    ]);
    assert.equal(await run.exit, 1);
    assert.match(run.stderr(), new RegExp(`proxy.listen_address: 127.0.0.1:${port} is in use by another program`));
    assert.doesNotMatch(run.stderr(), /another takes its place/);
  });

  test('auto is as many as there are cores', async (t) => {
    const config = join(await tempDir(t), 'config.yml');
    await writeFile(config, 'proxy: {upstream: "http://127.0.0.1:9", workers: auto}\n');
    assert.equal(loadConfig({ file: config }).proxy?.workers, Math.min(64, availableParallelism()));
  });
});
