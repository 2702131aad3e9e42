import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { gaugeValues } from '../../src/mixin/rule-tests/promtool.ts';
import { defaultSettings } from '../../src/mixin/settings/settings.ts';
import { packFolder, run } from './pack.ts';

const RULES = 'alerts/llm.rules.yml';
/** Coarser than real scrapes, since this is about days. */
const TICK_MINUTES = 10;
const TICKS_PER_DAY = (24 * 60) / TICK_MINUTES;
const UP = 10;
const MEMORY_DAYS = defaultSettings.thresholds.LLMExporterTargetDown.warning.rememberSeconds / 86_400;

/** An exporter that is up for a while and then down for ever; whether the alert fires, by days since. */
function testFile(firingByDays: Readonly<Record<string, boolean>>): string {
  const down = TICKS_PER_DAY * (MEMORY_DAYS + 1);
  const labels = '{job="llm-exporter",instance="a"}';
  const expectations = Object.entries(firingByDays).map(([days, isFiring]) => ({
    expr: 'count(ALERTS{alertname="LLMExporterTargetDown",alertstate="firing"})',
    eval_time: `${(UP + Math.round(Number(days) * TICKS_PER_DAY)) * TICK_MINUTES}m`,
    exp_samples: isFiring ? [{ labels: '{}', value: 1 }] : [],
  }));
  const values = (after: number | undefined) =>
    gaugeValues([
      [1, UP],
      [after, down],
    ]);
  return stringify({
    rule_files: ['llm.rules.yml'],
    evaluation_interval: `${TICK_MINUTES}m`,
    tests: [
      {
        interval: `${TICK_MINUTES}m`,
        input_series: [
          { series: `up${labels}`, values: values(0) },
          { series: `llm_exporter_build_info${labels}`, values: values(undefined) },
        ],
        promql_expr_test: expectations,
      },
    ],
  });
}

test('an exporter that stays down is told of for a week, and a memory of a day would end that over a weekend', async (t) => {
  const folder = await packFolder(t);
  const file = join(folder, 'alerts/target-memory.yml');
  const promtool = () => run('promtool', ['test', 'rules', 'alerts/target-memory.yml'], folder);
  await writeFile(
    file,
    testFile({ 0: false, 0.1: true, 2: true, [MEMORY_DAYS - 0.1]: true, [MEMORY_DAYS + 0.1]: false }),
  );
  const asShipped = await promtool();
  assert.equal(asShipped.code, 0, asShipped.output);
  const rules = await readFile(join(folder, RULES), 'utf8');
  await writeFile(join(folder, RULES), rules.replace('[7d]', '[1d]'));
  assert.notEqual((await promtool()).code, 0);
});
