import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { type Phase, requests } from '../../src/mixin/rule-tests/promtool.ts';
import { defaultSettings } from '../../src/mixin/settings/settings.ts';
import { packFolder, run } from './pack.ts';
import { prunedRules } from './pruned.ts';

const RULES = 'alerts/llm.rules.yml';
const TICK = defaultSettings.evaluationIntervalSeconds;
/** One evaluation less than the group waits: Alertmanager must have got the critical alert by then. */
const PATIENCE = `${defaultSettings.notify.groupWaitSeconds.warning - TICK}s`;

const BEFORE = 40;
const DURING = 24;
/** The critical 504 outlasts its errors by 22 minutes, what it mutes by 20. */
const AFTER = 56;
/** How many evaluations after the first error the critical alert is there at the latest. */
const FIRES_WITHIN =
  (defaultSettings.windowSeconds.critical + defaultSettings.thresholds.LLMApi503SpikeSevere.critical.forSeconds) /
    TICK +
  1;

const SPIKES = 'alertname=~"LLMApi50[34].+"';
const firing = (severity: string) => `ALERTS{${SPIKES},severity="${severity}",model="m",alertstate="firing"}`;
/** A warning older than its group waits, and nothing that mutes it: what Alertmanager would send as a second page. */
const SECOND_PAGE = `${firing('warning')} and ${firing('warning')} offset ${PATIENCE} unless on () ${firing('critical')}`;

interface Step {
  readonly code: string;
  /** Share of bad answers. */
  readonly ratio: number;
  /** Answers per scrape. */
  readonly all: number;
  /** Share of the scrape interval in which the step happens that lies after it. */
  readonly part: number;
  readonly model?: string;
}

/** Health, a step to `ratio`, and health again; both edges lie between two scrapes. */
function incident({ code, ratio, all, part, model = 'm' }: Step) {
  const bad = Math.round(all * ratio);
  const edge = Math.round(bad * part);
  const phases = (during: number, first: number, last: number, well: number): Phase[] => [
    { ticks: BEFORE, perTick: well },
    { ticks: 1, perTick: first },
    { ticks: DURING, perTick: during },
    { ticks: 1, perTick: last },
    { ticks: AFTER, perTick: well },
  ];
  const labels = { provider: 'p', model, stream: 'false' };
  const target = { job: 'llm-exporter', instance: 'a' };
  return [
    requests(target, { ...labels, code: '200', cause: 'none' }, phases(all - bad, all - edge, all - bad + edge, all)),
    requests(target, { ...labels, code, cause: 'service_unavailable' }, phases(bad, edge, bad - edge, 0)),
  ].map(({ name, labels: own, values }) => ({
    series: `${name}{${Object.entries(own).map(([key, value]) => `${key}="${value}"`)}}`,
    values,
  }));
}

interface Expectation {
  readonly expr: string;
  readonly tick: number;
  readonly value?: number;
}

function promtoolTest(name: string, input: ReturnType<typeof incident>, expectations: readonly Expectation[]) {
  return {
    name,
    interval: `${TICK}s`,
    input_series: input,
    promql_expr_test: expectations.map(({ expr, tick, value }) => ({
      expr,
      eval_time: `${tick * TICK}s`,
      exp_samples: value === undefined ? [] : [{ labels: '{}', value }],
    })),
  };
}

function onePage(step: Step) {
  const end = BEFORE + DURING + 2 + AFTER;
  const never = Array.from({ length: end - BEFORE }, (_, index) => ({ expr: SECOND_PAGE, tick: BEFORE + index }));
  const both = `count(${firing('warning')}) + count(${firing('critical')})`;
  return promtoolTest(JSON.stringify(step), incident(step), [
    ...never,
    // Both were there, and both went: else nothing was tried.
    { expr: `count(${firing('critical')})`, tick: BEFORE + 1 + FIRES_WITHIN, value: 1 },
    { expr: both, tick: BEFORE + DURING, value: 2 },
    { expr: `count(ALERTS{${SPIKES},model="m"})`, tick: end },
  ]);
}

const BUSY = 1000;
/** Near the guards of the critical alert: 5 answers per scrape are 20 in its window. */
const CALM = 6;
const steps: readonly Step[] = ['503', '504'].flatMap((code) => [
  ...[0.26, 0.4, 0.6, 1].flatMap((ratio) => [0, 0.2, 0.5, 0.9].map((part) => ({ code, ratio, part, all: BUSY }))),
  ...[0.5, 1].map((ratio) => ({ code, ratio, part: 0, all: CALM })),
]);

async function promtool(folder: string, tests: readonly object[]) {
  const file = { rule_files: ['llm.rules.yml'], evaluation_interval: `${TICK}s`, tests };
  // Quicker than the whole pack by far, of which these stories are not about much.
  const pruned = prunedRules(await readFile(join(folder, RULES), 'utf8'), stringify(file));
  await writeFile(join(folder, 'alerts/pruned.rules.yml'), pruned);
  await writeFile(join(folder, 'alerts/one-page.yml'), stringify({ ...file, rule_files: ['pruned.rules.yml'] }));
  return run('promtool', ['test', 'rules', 'alerts/one-page.yml'], folder);
}

describe('one incident is one page', () => {
  test('a warning is muted before it would be sent and until it is over, at any step and moment of it', async (t) => {
    const { code, output } = await promtool(await packFolder(t), steps.map(onePage));
    assert.equal(code, 0, output);
  });

  test('it would be two over one window for both levels', async (t) => {
    const folder = await packFolder(t);
    const rules = await readFile(join(folder, RULES), 'utf8');
    await writeFile(join(folder, RULES), rules.replaceAll('[2m]', '[5m]'));
    const { code, output } = await promtool(folder, steps.map(onePage));
    assert.notEqual(code, 0);
    assert.match(output, /unless on/);
  });

  test('requests without a model warn and do not page; unproven models page', async (t) => {
    const step = { code: '503', ratio: 1, part: 0, all: BUSY };
    const severities = (model: string) =>
      `count(ALERTS{${SPIKES},alertstate="firing",model="${model}",severity="critical"})`;
    const tick = BEFORE + DURING;
    const { code, output } = await promtool(await packFolder(t), [
      promtoolTest('unknown', incident({ ...step, model: 'unknown' }), [
        { expr: severities('unknown'), tick },
        { expr: `count(ALERTS{${SPIKES},alertstate="firing",model="unknown",severity="warning"})`, tick, value: 1 },
      ]),
      promtoolTest('other', incident({ ...step, model: 'other' }), [{ expr: severities('other'), tick, value: 1 }]),
    ]);
    assert.equal(code, 0, output);
  });
});
