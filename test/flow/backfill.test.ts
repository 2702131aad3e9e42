import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { debianProgram } from '../../src/demo/programs.ts';
import { startPrometheus } from '../../src/demo/prometheus.ts';
import { runCommand } from '../support/command.ts';
import { pastLines } from '../support/past-log.ts';
import { putOnPath } from '../support/past-programs.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 5);
const PAST = { seed: 3, startMs: START, endMs: START + 3 * HOUR_MS, requestsPerSecond: 1, noise: 0.05 };

/** A gateway's log as it lies about after a while: rotated by the hour, some packed; beside it another gateway's, of another format. */
async function writeLogs(t: TestContext) {
  const folder = await tempDir(t);
  const lines = [...pastLines(PAST)];
  const third = Math.floor(lines.length / 3);
  const part = (from: number, to?: number) => `${lines.slice(from, to).join('\n')}\n`;
  await writeFile(join(folder, 'llm.json'), part(2 * third));
  await writeFile(join(folder, 'llm.json.1'), part(third, 2 * third));
  await writeFile(join(folder, 'llm.json.2.gz'), gzipSync(part(0, third)));
  const time = (at: number) => new Date(START + at * 60_000).toISOString();
  const other = Array.from({ length: 180 }, (_, at) =>
    JSON.stringify({
      ts: time(at),
      path: '/v1/messages',
      status: at % 9 === 0 ? 529 : 200,
      latency_ms: 900,
      model: 'claude',
    }),
  );
  await writeFile(join(folder, 'other.log'), `${other.join('\n')}\nno request\n`);
  return {
    folder,
    requests: lines.length + other.length,
    failed: lines.filter((line) => !line.includes('"status":200')).length + 20,
  };
}

test('blocks of past logs hold every request at its time, in the eyes of a real Prometheus', async (t) => {
  await putOnPath('promtool');
  const { folder, requests, failed } = await writeLogs(t);
  const home = await tempDir(t);
  const blocks = join(home, 'prometheus-data');
  const { code } = await runCommand([
    ...['backfill', join(folder, 'llm.json*'), join(folder, 'other.log'), '--provider', 'novita'],
    ...['--label', 'job=llm', '--blocks', blocks],
  ]);
  assert.equal(code, 0);
  const prometheus = await startPrometheus({ folder: home, targets: {} });
  t.after(() => prometheus.stop());
  const at = `@ ${START / 1000 + 3 * 3600}`;
  const one = async (query: string) => (await prometheus.query(query))[0]?.value;
  assert.equal(await one(`sum(llm_requests_total{job="llm"} ${at})`), requests);
  assert.equal(await one(`sum(llm_requests_total{job="llm",cause!="none"} ${at})`), failed);
  // What rate and increase go by: the first increment of each series is a step up from 0.
  const steps = (matchers: string) =>
    `sum(sum_over_time((llm_requests_total{${matchers}} - llm_requests_total{${matchers}} offset 30s)[3h:30s] ${at}))`;
  assert.equal(await one(steps('')), requests);
  assert.equal(await one(steps('cause!="none"')), failed);
  assert.equal(await one(`sum(llm_request_duration_seconds_count ${at})`), requests);
  assert.equal(await one(`count(resets(llm_requests_total[3h] ${at}) > 0)`), undefined);
  assert.equal(await one(`count(llm_requests_total{model="claude",code="529"} ${at})`), 1);
});

test('one OpenMetrics file: promtool takes it, samples of a series stand together, and stdout gives the same', async (t) => {
  const { folder } = await writeLogs(t);
  const file = join(folder, 'past.om');
  const args = ['backfill', join(folder, 'llm.json*'), '--interval', '1m'];
  assert.equal((await runCommand([...args, '--output', file])).code, 0);
  const text = await readFile(file, 'utf8');
  assert.equal((await runCommand([...args, '--output', '-'])).stdout, text);
  assert.ok(text.endsWith('\n# EOF\n'));
  const seen = new Set<string>();
  let last = '';
  let lastSeconds = 0;
  for (const line of text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const [, labels = '', seconds = ''] = /^(\S+?(?:\{[^}]*\})?) \S+ (\S+)$/.exec(line) ?? [];
    const metric = labels.replace(/_(?:bucket|sum|count)\b/, '').replace(/,le="[^"]*"/, '');
    assert.ok(metric === last || !seen.has(metric), `${metric} is in two places`);
    assert.ok(metric !== last || Number(seconds) >= lastSeconds, `time goes back: ${line}`);
    assert.equal(Number(seconds) % 60, 0);
    seen.add(metric);
    last = metric;
    lastSeconds = Number(seconds);
  }
  assert.ok(seen.size > 20, `${seen.size} metrics`);
  const target = join(folder, 'blocks');
  await mkdir(target);
  await run(await debianProgram('promtool'), ['tsdb', 'create-blocks-from', 'openmetrics', file, target]);
});

test('a damaged log fails the command, after what could be read was written', async (t) => {
  const folder = await tempDir(t);
  const packed = gzipSync([...pastLines(PAST)].join('\n'));
  await writeFile(join(folder, 'a.gz'), packed.subarray(0, packed.length / 2));
  const { code, stdout } = await runCommand(['backfill', join(folder, 'a.gz'), '--output', '-']);
  assert.equal(code, 1);
  assert.match(stdout, /^llm_requests_total\{.*\n# EOF\n$/ms);
});

test('one place to write to is asked for, and a log with a request in it', async (t) => {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'a.log'), 'hello\n');
  const log = join(folder, 'a.log');
  assert.equal((await runCommand(['backfill', log])).code, 2);
  assert.equal((await runCommand(['backfill', log, '--output', '-', '--blocks', folder])).code, 2);
  assert.equal((await runCommand(['backfill', log, '--output', '-'])).code, 1);
  assert.equal((await runCommand(['backfill', join(folder, '*.json'), '--output', '-'])).code, 1);
  assert.equal((await runCommand(['backfill', log, '--output', '-', '--interval', '10ms'])).code, 2);
});
