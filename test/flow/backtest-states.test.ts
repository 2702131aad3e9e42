import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { debianProgram } from '../../src/demo/programs.ts';
import { type Episode, episodesOf } from '../../src/history/judge/alert-states.ts';
import { createRandom } from '../../src/simulate/random.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const STEP_MS = 30_000;

/** An alert is found where the text has an x; the numbers are evaluations. */
function judge(
  found: string,
  options: { readonly forMs: number; readonly keepFiringForMs: number },
): readonly Episode[] {
  const at = [...found].flatMap((sign, index) => (sign === 'x' ? [index * STEP_MS] : []));
  const series = { timesMs: at, values: at.map(() => 1) };
  return episodesOf(series, { endMs: (found.length - 1) * STEP_MS, stepMs: STEP_MS }, options);
}

const EVALUATIONS = 60;
const SERIES = 25;
const ALERTS = [
  { forMs: 0, keepFiringForMs: 0 },
  { forMs: 60_000, keepFiringForMs: 0 },
  { forMs: 0, keepFiringForMs: 60_000 },
  { forMs: 60_000, keepFiringForMs: 120_000 },
  { forMs: 45_000, keepFiringForMs: 75_000 },
] as const;

test('random series fire at exactly the evaluations at which they do in promtool', async (t) => {
  const folder = await tempDir(t);
  const random = createRandom(Number(process.env.STATES_SEED ?? 11));
  const found = Array.from({ length: SERIES }, () => {
    const stay = 0.4 + 0.55 * random();
    let sign = '.';
    return Array.from({ length: EVALUATIONS }, () => {
      if (random() > stay) sign = sign === 'x' ? '.' : 'x';
      return sign;
    }).join('');
  });
  const rules = ALERTS.map(({ forMs, keepFiringForMs }, index) => ({
    alert: `A${index}`,
    expr: 'found == 1',
    for: `${forMs / 1000}s`,
    keep_firing_for: `${keepFiringForMs / 1000}s`,
  }));
  let firing = 0;
  const expected = ALERTS.flatMap((options, index) => {
    const episodes = found.map((one) => judge(one, options));
    return Array.from({ length: EVALUATIONS }, (_, at) => {
      const now = episodes.flatMap((own, series) =>
        own.some(
          ({ firingMs, endMs }) =>
            firingMs !== undefined && firingMs <= at * STEP_MS && (endMs ?? Number.POSITIVE_INFINITY) > at * STEP_MS,
        )
          ? [{ exp_labels: { series: String(series) } }]
          : [],
      );
      firing += now.length;
      return { eval_time: `${at * 30}s`, alertname: `A${index}`, exp_alerts: now };
    });
  });
  // JSON is YAML.
  await writeFile(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'g', interval: '30s', rules }] }));
  const input_series = found.map((one, series) => ({
    series: `found{series="${series}"}`,
    values: [...one].map((sign) => (sign === 'x' ? '1' : '0')).join(' '),
  }));
  const tests = [{ interval: '30s', input_series, alert_rule_test: expected }];
  await writeFile(
    join(folder, 'test.yml'),
    JSON.stringify({ rule_files: ['rules.yml'], evaluation_interval: '30s', tests }),
  );
  const { stdout } = await run(await debianProgram('promtool'), ['test', 'rules', join(folder, 'test.yml')], {
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.match(stdout, /SUCCESS/);
  assert.ok(firing > 500, `only ${firing} firing alerts were compared`);
});
