import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, counted, startSmallApi } from '../support/asking-proxy.ts';
import { newStateDir, startExporter } from '../support/exporter.ts';
import { requestLines } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

test('the counters of a proxy go on after SIGTERM where they were, the last request included', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const stateDir = newStateDir();
  for (const run of [1, 2, 3]) {
    const exporter = await startExporter(t, args, { stateDir });
    const before = await exporter.scrape();
    assert.equal(before.sum('llm_requests_total', { model: 'm1' }), 5 * (run - 1));
    assert.equal(before.sum('llm_request_duration_seconds_count', { model: 'm1' }), 5 * (run - 1));
    assert.equal(before.sum('llm_exporter_state_loads_total', { result: 'restored' }), run - 1);
    await ask(exporter, 'm1', 5);
    exporter.child.kill('SIGTERM');
    assert.equal(await exporter.exit, 0);
  }
});

test('a followed log is read on where it was, with what was written meanwhile, and nothing twice', async (t) => {
  const log = join(await tempDir(t), 'access.log');
  const args = ['--file', log, '--provider=p', '--format=nginx-json'];
  const stateDir = newStateDir();
  await appendFile(log, requestLines(1, 1));
  let exporter = await startExporter(t, args, { stateDir });
  await appendFile(log, requestLines(2, 10));
  await counted(exporter, { 'deepseek/deepseek-v3': 9 });
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    exporter.child.kill(signal);
    await exporter.exit;
    const before = signal === 'SIGTERM' ? 9 : 109;
    await appendFile(log, requestLines(11, 110));
    exporter = await startExporter(t, args, { stateDir });
    await counted(exporter, { 'deepseek/deepseek-v3': before + 100 });
    const lines = (await exporter.scrape()).sum('llm_exporter_source_lines_total');
    assert.equal(lines, before + 100);
  }
});

test('a model that was admitted once is counted under its name from the first request on', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const stateDir = newStateDir();
  const first = await startExporter(t, args, { stateDir });
  await ask(first, 'm1');
  await ask(first, 'nosuch');
  await counted(first, { m1: 1, other: 1 });
  first.child.kill('SIGKILL');
  await first.exit;
  const down = await startExporter(t, ['--upstream=http://127.0.0.1:1', '--provider=p'], { stateDir });
  await ask(down, 'm1');
  await ask(down, 'nosuch');
  await counted(down, { m1: 2, other: 1, nosuch: 1 });
});
