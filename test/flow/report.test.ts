import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCommand } from '../support/command.ts';
import { tempDir } from '../support/temp-dir.ts';

const START = Date.UTC(2026, 7, 3);

/** 100 good answers of 4 s, then 20 times 504 after a minute; the second half is packed. */
async function writeLogs(folder: string): Promise<string> {
  const line = (minute: number, status: number, request_time: number) =>
    JSON.stringify({
      ...{ time: new Date(START + minute * 60_000).toISOString(), uri: '/v1/chat/completions' },
      ...{ status, request_time, model: 'deepseek/deepseek-r1', stream: 'false' },
    });
  const good = Array.from({ length: 100 }, (_, minute) => line(minute, 200, 4));
  const bad = Array.from({ length: 20 }, (_, minute) => line(100 + minute, 504, 60.001));
  await writeFile(
    join(folder, 'a.log'),
    `${good.join('\n')}\nnot a line\n{"uri":"/health","status":200,"time":"${new Date(START).toISOString()}"}\n`,
  );
  await writeFile(join(folder, 'b.log.gz'), gzipSync(bad.join('\n')));
  return join(folder, '*.log*');
}

test('tells what failed, why, when, how long answers took, and what to do', async (t) => {
  const folder = await tempDir(t);
  const pattern = await writeLogs(folder);
  const page = join(folder, 'past.html');
  const { code, stdout } = await runCommand(['report', pattern, '--provider', 'novita', '--html', page], {
    columns: 90,
    env: { NO_COLOR: '1' },
  });
  assert.equal(code, 0);
  assert.match(stdout, /^20 of 120 requests failed \(16\.67 %\)\n2026-08-02 23:59:30 to .* UTC, 2 logs, 122 lines\n/);
  assert.match(stdout, /\nrequests +\S+\n/);
  assert.match(stdout, /\nfailed +[▁▂▃▄▅▆▇█]+\n/);
  assert.match(stdout, /\n20 +504 +gateway_timeout_long_generation +deepseek\/deepseek-r1 \(novita\)\n/);
  assert.match(stdout, /WHAT TO DO\ngateway_timeout_long_generation {2}20 requests\n {2}meaning /);
  for (const text of stdout.split('\n')) assert.ok(text.length <= 90 || !text.includes(' '), text);
  const html = await readFile(page, 'utf8');
  assert.match(html, /<svg .*gateway_timeout_long_generation/s);
});

test('tells the same to programs', async (t) => {
  const pattern = await writeLogs(await tempDir(t));
  const { stdout } = await runCommand(['report', pattern, '--provider', 'novita', '--json']);
  const told = JSON.parse(stdout);
  assert.deepEqual(told.answers, [
    { provider: 'novita', model: 'deepseek/deepseek-r1', code: '200', cause: 'none', requests: 100 },
    {
      provider: 'novita',
      model: 'deepseek/deepseek-r1',
      code: '504',
      cause: 'gateway_timeout_long_generation',
      requests: 20,
    },
  ]);
  assert.deepEqual(told.logs.rejected, { no_match: 1 });
  assert.equal(told.logs.filtered, 1);
  const sum = (key: string) =>
    told.timeline.reduce((total: number, point: Record<string, number>) => total + (point[key] ?? 0), 0);
  assert.deepEqual([sum('requests'), sum('failed')], [120, 20]);
  const firstBad = told.timeline.find(({ failed }: { failed: number }) => failed > 0);
  assert.ok(Math.abs(Date.parse(firstBad.time) - START - 100 * 60_000) <= 60_000, firstBad.time);
  // Out of the bucket from 2.5 to 5 s.
  assert.ok(told.models[0].duration_seconds.p50 > 2.5 && told.models[0].duration_seconds.p50 < 5);
});
