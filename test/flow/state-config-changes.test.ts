import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { ask, counted, startSmallApi } from '../support/asking-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { newStateDir, startExporter } from '../support/exporter.ts';
import { requestLines } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

test('limits below what was counted take nothing away, and hold for what is new', async (t) => {
  const upstream = await startSmallApi(t);
  const config = join(await tempDir(t), 'config.yml');
  const stateDir = newStateDir();
  const start = async (models: number) => {
    await writeFile(config, stringify({ proxy: { upstream, provider: 'p' }, limits: { models } }));
    return startExporter(t, [`--config.file=${config}`], { stateDir });
  };
  const first = await start(10);
  for (const model of ['m1', 'm2', 'm3']) await ask(first, model);
  await counted(first, { m1: 1, m2: 1, m3: 1 });
  first.child.kill('SIGKILL');
  await first.exit;
  const second = await start(1);
  for (const model of ['m1', 'm2', 'm3', 'm4']) await ask(second, model);
  await counted(second, { m1: 2, m2: 2, m3: 2, other: 1 });
});

test('the counters of a log that is gone stay, those of one with a new name begin, and neither is read again', async (t) => {
  const dir = await tempDir(t);
  const [kept, renamed, gone] = ['kept', 'renamed', 'gone'].map((name) => join(dir, `${name}.log`));
  const config = join(dir, 'config.yml');
  const stateDir = newStateDir();
  const start = async (logs: readonly { readonly file: string | undefined; readonly source: string }[]) => {
    const lines = { provider: 'p', format: 'nginx-json', start_at: 'beginning' };
    const proxy = { upstream: 'http://127.0.0.1:1' };
    await writeFile(config, stringify({ proxy, logs: logs.map((log) => ({ ...lines, ...log })) }));
    return startExporter(t, [`--config.file=${config}`], { stateDir });
  };
  for (const file of [kept, renamed, gone]) await appendFile(file ?? '', requestLines(1, 10));
  const first = await start([
    { file: kept, source: 'kept' },
    { file: renamed, source: 'old' },
    { file: gone, source: 'gone' },
  ]);
  const sources = async (exporter: typeof first) =>
    (await exporter.scrape()).by('llm_exporter_source_events_total', ['source']);
  await eventually(async () => assert.deepEqual(await sources(first), { kept: 10, old: 10, gone: 10 }));
  first.child.kill('SIGTERM');
  await first.exit;
  for (const file of [kept, renamed, gone]) await appendFile(file ?? '', requestLines(11, 15));
  const second = await start([
    { file: kept, source: 'kept' },
    { file: renamed, source: 'new' },
  ]);
  await eventually(async () => assert.deepEqual(await sources(second), { kept: 15, old: 10, new: 5, gone: 10 }));
  assert.equal((await second.scrape()).sum('llm_requests_total'), 40);
});

test('a changed setting of the state is said to need a restart', async (t) => {
  const config = join(await tempDir(t), 'config.yml');
  const upstream = await startSmallApi(t);
  const write = (interval: string) => writeFile(config, stringify({ proxy: { upstream }, state: { interval } }));
  await write('5s');
  const exporter = await startExporter(t, [`--config.file=${config}`]);
  await write('7s');
  exporter.child.kill('SIGHUP');
  await eventually(() => assert.match(exporter.stderr(), /a changed setting needs a restart" setting=state/));
});
