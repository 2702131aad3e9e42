import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { writePastLog } from '../support/past-log.ts';
import { putOnPath } from '../support/past-programs.ts';
import { tempDir } from '../support/temp-dir.ts';

const START = Date.UTC(2026, 7, 3);

test('a backtest that is stopped takes its Prometheus and its folder with it', async (t) => {
  await putOnPath('prometheus');
  const folder = await tempDir(t);
  const log = join(folder, 'llm.json');
  // Long enough to be under way for seconds on any machine.
  await writePastLog(log, { seed: 1, startMs: START, endMs: START + 30 * 86_400_000, requestsPerSecond: 0.1 });
  const scratch = join(folder, 'tmp');
  await mkdir(scratch);
  const child = spawn(process.execPath, ['src/main.ts', 'backtest', log, '--pages-per-week', '1'], {
    env: { ...process.env, TMPDIR: scratch },
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  await eventually(async () =>
    assert.deepEqual(await readdir(join(scratch, (await readdir(scratch))[0] ?? '', 'data', 'wal')), ['00000000']),
  );
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [1, null]);
  assert.deepEqual(await readdir(scratch), []);
});
