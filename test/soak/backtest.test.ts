import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { assertFound, threeIncidents } from '../support/past-incidents.ts';
import { writePastLog } from '../support/past-log.ts';
import { putOnPath } from '../support/past-programs.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const DAY_MS = 86_400_000;
const MONDAY = Date.UTC(2026, 7, 3);
const at = (day: number, hour: number, minute: number) => MONDAY + day * DAY_MS + (hour * 60 + minute) * 60_000;
/** BACKTEST_SEED=… makes the same week again. */
const SEED = Number(process.env.BACKTEST_SEED ?? 7);

/** The time is told and not asserted: how busy the machine is no test can know. Alone on two cores it takes some 30 s. */
test('a week of a gateway, 500 MB: three incidents, each found within two minutes, and nothing else', async (t) => {
  await putOnPath('prometheus');
  const log = join(await tempDir(t), 'week.json');
  const incidents = threeIncidents([at(1, 14, 7), at(3, 9, 41), at(5, 20, 15)]);
  const week = { seed: SEED, startMs: MONDAY, endMs: MONDAY + 7 * DAY_MS, requestsPerSecond: 2, incidents };
  const { lines, bytes } = await writePastLog(log, week);
  assert.ok(bytes > 500_000_000, `${bytes} bytes`);
  const begun = process.hrtime.bigint();
  const { stdout } = await run(process.execPath, ['src/main.ts', 'backtest', log, '--provider', 'novita', '--json'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const told = JSON.parse(stdout);
  assertFound(told.firings, incidents);
  assert.equal(told.logs.events, lines);
  t.diagnostic(`${lines} lines, ${bytes} bytes, ${told.firings.length} firings, ${seconds.toFixed(1)} s`);
});
