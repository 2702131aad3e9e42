import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { debianProgram } from '../../src/demo/programs.ts';
import { families as declared } from '../../src/metrics/families.ts';
import { contractProblems, seriesOf, usedSeries } from '../support/rules/contract/contract.ts';
import { scrapeOfEverything } from '../support/rules/contract/every-cause.ts';
import {
  dashboardQueries,
  markdownQueries,
  type Query,
  ruleQueries,
  testQueries,
} from '../support/rules/contract/queries.ts';
import { readRuleFile } from '../support/rules/rule-file.ts';
import { createRuleSet } from '../support/rules/rule-set.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Families that no rule, page or dashboard asks for, and why they are exposed all the same. */
const unused: Readonly<Record<string, string>> = {
  llm_exporter_proxy_tap_failures_total: 'a fault in our own code, which ought to be 0: the log says what and where',
  llm_exporter_push_requests_total:
    'whoever pushes sees the answers; for the question which of many senders is refused',
  llm_exporter_state_dropped_series_total: 'of one moment, after an upgrade: the log says which',
  llm_exporter_state_loads_total: 'of one moment, at the start: the log says more',
  llm_queue_wait_seconds: 'of the throttle, which is off unless configured',
};

/** prom-client's own, for the dashboards that everybody has for any Node.js process. */
const OF_ANY_PROCESS = /^(?:process|nodejs)_/;

/** Values that are the user's own, or of one machine. */
const openLabels = ['provider', 'model', 'source', 'host', 'version', 'revision', 'node_version', 'family'];
/** Labels that a scrape or the user's Prometheus adds. */
const targetLabels = [
  'job',
  'instance',
  'pod',
  'container',
  'node',
  'endpoint',
  'cluster',
  'namespace',
  'env',
  'environment',
  'region',
];

const each = (pattern: string, queriesOf: (path: string, text: string) => readonly Query[]) =>
  globSync(pattern).flatMap((path) => queriesOf(path, readFileSync(path, 'utf8')));

test('whatever rules, tests, runbooks and dashboards select is in a scrape of the real exporter', async (t) => {
  const { groups } = readRuleFile(readFileSync('alerts/llm.rules.yml', 'utf8'));
  const set = createRuleSet(groups, new Map(Object.entries(declared)));
  const shown = [
    ...ruleQueries(set.rules),
    ...each('alerts/runbooks/*.md', markdownQueries),
    ...each('dashboards/*.json', dashboardQueries),
  ];
  const tested = each('alerts/tests/**/*.yml', testQueries);
  assert.ok(shown.length > 50 && tested.length > 20, `only ${shown.length} and ${tested.length} queries`);
  const { samples, text } = await scrapeOfEverything(t);

  await t.test('every name, label and value exists', () => {
    const exposed = { series: seriesOf(samples), set, openLabels, targetLabels };
    const problems = [
      ...contractProblems(shown, exposed),
      // A test may have any status: providers invent some, and simulate does not know them all.
      ...contractProblems(tested, { ...exposed, openLabels: [...openLabels, 'code'] }),
    ];
    assert.deepEqual([...new Set(problems.map(({ message }) => message))], []);
  });

  await t.test('the real engine parses every query', async (st) => {
    const folder = await tempDir(st);
    const rules = shown.map(({ promql }, index) => ({ record: `query_${index}`, expr: promql }));
    await writeFile(join(folder, 'queries.json'), JSON.stringify({ groups: [{ name: 'queries', rules }] }));
    await promisify(execFile)(await debianProgram('promtool'), ['check', 'rules', 'queries.json'], { cwd: folder });
  });

  await t.test('every family is used, or listed with the reason why not', () => {
    const used = usedSeries(shown, set);
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    const isUsed = (family: string) => ['', '_bucket', '_count', '_sum'].some((part) => used.has(family + part));
    const idle = families.filter((family) => !isUsed(family) && !OF_ANY_PROCESS.test(family));
    assert.deepEqual(idle.sort(), Object.keys(unused).sort());
  });
});
