import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { bodyOf, send } from '../support/proxy.ts';
import {
  CHAT,
  isRunning,
  openStreams,
  outcomes,
  pair,
  type SeveralWorkers,
  startHeldApi,
  startWorkers,
} from '../support/several-workers.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startUpstream } from '../support/upstream.ts';
import { createAuthority } from '../support/wire-certificates.ts';

async function onBoth(exporter: SeveralWorkers, count: number) {
  const streams = [];
  for (const pid of pair(exporter))
    streams.push(...(await exporter.onWorker(pid, () => openStreams(exporter.port, count))));
  return streams;
}

describe('the life of several workers', () => {
  test('a reload reaches all of them and drops no stream', async (t) => {
    const api = await startHeldApi(t);
    const next = await startUpstream(t, (incoming, response) => {
      incoming.resume();
      response.writeHead(429).end('{"error":{"code":"house_full"}}');
    });
    const exporter = await startWorkers(t, { upstream: api.url });
    const streams = await onBoth(exporter, 2);
    const rules = join(exporter.folder, 'rules.yml');
    await writeFile(rules, 'rules:\n  - {id: house, match: {code: house_full}, cause: model_overloaded, note: ours}\n');
    await exporter.reload({
      proxy: { provider: 'p', workers: 2, upstream: next.url, cause_header: true },
      classify: { rules_file: rules },
    });
    for (const pid of pair(exporter)) {
      await eventually(async () => {
        const answer = await exporter.onWorker(pid, () => send(exporter.port, CHAT, { path: '/v1/chat/completions' }));
        await bodyOf(answer);
        assert.deepEqual([answer.statusCode, answer.headers['x-llm-exporter-cause']], [429, 'model_overloaded']);
      });
    }
    api.release();
    assert.deepEqual(await outcomes(streams), { whole: 4, cut: 0 });
    await exporter.inFlight(0);
    assert.equal((await exporter.scrape()).sum('llm_requests_total', { code: '200' }) >= 4, true);
  });

  test('one that follows another serves though the rules file is of no use by now', async (t) => {
    const api = await startHeldApi(t);
    const rules = join(await tempDir(t), 'rules.yml');
    await writeFile(rules, 'rules: []\n');
    const exporter = await startWorkers(t, { upstream: api.url }, { args: [`--rules.file=${rules}`] });
    await writeFile(rules, 'rules: [');
    const [first, second] = pair(exporter);
    await exporter.kill(first);
    await eventually(() => assert.equal(exporter.pids().length, 2));
    assert.match(
      exporter.stderr(),
      /msg="a worker could not read the rules file and names causes by the built-in rules"/,
    );
    await exporter.kill(second);
    const answer = await send(exporter.port, CHAT, { path: '/v1/chat/completions' });
    assert.equal(answer.statusCode, 200);
    answer.resume();
    await exporter.settled(1);
  });

  test('the exporter is ready as long as there is anybody to take a request', async (t) => {
    const authority = await createAuthority({ after: (task) => t.after(task) });
    const { cert, key } = await authority.issue('DNS:localhost');
    const folder = await tempDir(t);
    const tls = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
    await writeFile(tls.cert_file, cert);
    await writeFile(tls.key_file, key);
    const exporter = await startWorkers(t, { upstream: 'http://127.0.0.1:9', tls });
    const ready = async (): Promise<number> => (await fetch(`${exporter.webUrl}/-/ready`)).status;
    assert.equal(await ready(), 200);
    // Without its certificate none can follow.
    await rm(tls.cert_file);
    const [first, second] = pair(exporter);
    await exporter.kill(first);
    assert.equal(await ready(), 200);
    await exporter.kill(second);
    assert.equal(await ready(), 503);
    await writeFile(tls.cert_file, cert);
    await eventually(async () => assert.equal(await ready(), 200));
  });

  test('SIGTERM drains all: no new requests, running ones finish, and all processes end with 0', async (t) => {
    const api = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: api.url });
    const pids = pair(exporter);
    const streams = await onBoth(exporter, 2);
    await exporter.inFlight(4);
    exporter.child.kill('SIGTERM');
    await eventually(() =>
      assert.rejects(send(exporter.port, CHAT, { path: '/v1/chat/completions' }), { code: 'ECONNREFUSED' }),
    );
    assert.equal((await exporter.scrape()).sum('llm_requests_in_flight'), 4);
    api.release();
    assert.deepEqual(await outcomes(streams), { whole: 4, cut: 0 });
    assert.equal(await exporter.exit, 0);
    assert.deepEqual(pids.map(isRunning), [false, false]);
    assert.doesNotMatch(exporter.stderr(), /level=(error|warn)/);
  });

  test('signals to the whole group, as a terminal sends them, are left to the main process', async (t) => {
    const api = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: api.url });
    const streams = await onBoth(exporter, 1);
    for (const pid of pair(exporter)) process.kill(pid, 'SIGINT');
    for (const pid of pair(exporter)) process.kill(pid, 'SIGHUP');
    exporter.child.kill('SIGINT');
    await eventually(() => assert.match(exporter.stderr(), /draining/));
    api.release();
    assert.deepEqual(await outcomes(streams), { whole: 2, cut: 0 });
    assert.equal(await exporter.exit, 0);
  });

  test('draining is bounded by proxy.drain_timeout, and what is cut then is counted before the end', async (t) => {
    const api = await startHeldApi(t);
    const state = [`--state.dir=${join(await tempDir(t), 'state')}`];
    const proxy = { upstream: api.url, drain_timeout: '100ms' };
    const exporter = await startWorkers(t, proxy, { args: state });
    const pids = pair(exporter);
    const ends = outcomes(await onBoth(exporter, 1));
    exporter.child.kill('SIGTERM');
    assert.deepEqual(await ends, { whole: 0, cut: 2 });
    assert.equal(await exporter.exit, 0);
    assert.deepEqual(pids.map(isRunning), [false, false]);
    const next = await startWorkers(t, proxy, { args: state });
    assert.deepEqual((await next.settled(2)).by('llm_requests_total', ['code']), {
      '200': 2,
    });
  });

  test('a second signal stops all at once', async (t) => {
    const api = await startHeldApi(t);
    const exporter = await startWorkers(t, { upstream: api.url });
    const ends = outcomes(await onBoth(exporter, 1));
    exporter.child.kill('SIGTERM');
    await eventually(() => assert.match(exporter.stderr(), /draining/));
    exporter.child.kill('SIGINT');
    assert.equal(await exporter.exit, 0);
    assert.deepEqual(await ends, { whole: 0, cut: 2 });
  });
});
