import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { contractProblems, seriesOf, usedSeries } from '../../support/rules/contract/contract.ts';
import { dashboardQueries, markdownQueries, ruleQueries, testQueries } from '../../support/rules/contract/queries.ts';
import { readRuleFile } from '../../support/rules/rule-file.ts';
import { createRuleSet } from '../../support/rules/rule-set.ts';

const RULES = stringify({
  groups: [
    {
      name: 'g',
      rules: [
        { record: 'model:bad:rate5m', expr: 'sum without (instance, cause) (rate(req_total{code="503"}[5m]))' },
        { record: 'model:slow:rate5m', expr: 'sum by (model) (rate(req_total[5m]))', labels: { speed: 'slow' } },
        {
          alert: 'LLMBad',
          expr: 'model:bad:rate5m > 0',
          labels: { severity: 'warning' },
          annotations: { description: '{{ with printf "req_total{model=%q}" $labels.model | query }}{{ end }}' },
        },
      ],
    },
  ],
});

const set = createRuleSet(
  readRuleFile(RULES).groups,
  new Map([['req_total', { type: 'counter', labels: ['model', 'code', 'cause'] }]]),
);
const samples = [
  { name: 'req_total', labels: { model: 'm', code: '503', cause: 'overload' }, value: 1 },
  { name: 'req_total', labels: { model: 'm', code: '200', cause: 'none' }, value: 1 },
  { name: 'depth', labels: {}, value: 1 },
];
const exposed = { series: seriesOf(samples), set, openLabels: ['model'], targetLabels: ['job', 'instance'] };

const faults = (promql: string) => contractProblems([{ where: 'x', promql }], exposed).map(({ message }) => message);

describe('the contract', () => {
  const kept = [
    'req_total{code="503",cause!="none",model="any",job="j"}',
    'req_total{code=~"200|503",cause=~"over.*"}',
    'req_total{code="",model="%q"}',
    'sum by (model, instance) (depth) / on (cause) group_left (speed) up',
    'model:bad:rate5m{code="503"}',
    'model:slow:rate5m{speed="slow"}',
    'ALERTS{alertname="LLMBad",alertstate="firing",severity="warning",model="m"}',
  ];
  for (const promql of kept) test(`is kept by ${promql}`, () => assert.deepEqual(faults(promql), []));

  const broken: Readonly<Record<string, string>> = {
    requests_total: 'there is no series requests_total',
    '{code="503"}': 'a selector without a name',
    'req_total{status="503"}': 'req_total has no label status',
    'depth{code="503"}': 'depth has no label code',
    'req_total{code="504"}': 'req_total has no code="504"',
    'req_total{code=~"503|504"}': 'req_total has no code="504"',
    'req_total{cause!="nnoe"}': 'req_total has no cause="nnoe"',
    'req_total{code=~"4.."}': 'req_total has no code="4.."',
    'model:bad:rate5m{code="200"}': 'model:bad:rate5m has no code="200"',
    'model:bad:rate5m{cause="none"}': 'model:bad:rate5m has no label cause',
    'model:slow:rate5m{speed="fast"}': 'model:slow:rate5m has no speed="fast"',
    'ALERTS{alertname="LLMGone"}': 'ALERTS has no alertname="LLMGone"',
    'ALERTS{colour="red"}': 'ALERTS has no label colour',
    'sum by (colour) (depth)': 'no series has a label colour',
    'depth * on (colour) up': 'no series has a label colour',
    'sum(depth': 'not PromQL at "its end"',
  };
  for (const [promql, message] of Object.entries(broken)) {
    test(`is broken by ${promql}`, () => assert.deepEqual(faults(promql), [`x: ${message}`]));
  }
});

describe('the queries of the pack', () => {
  const textsOf = (queries: readonly { readonly promql: string }[]) => queries.map(({ promql }) => promql);

  test('are the expressions of rules and the queries in their texts', () => {
    assert.deepEqual(textsOf(ruleQueries(set.rules)), [
      'sum without (instance, cause) (rate(req_total{code="503"}[5m]))',
      'sum by (model) (rate(req_total[5m]))',
      'model:bad:rate5m > 0',
      'req_total{model="%q"}',
    ]);
  });

  test('are the series and questions of promtool tests', () => {
    const text = stringify({
      rule_files: [],
      tests: [
        { input_series: [{ series: 'up{job="a"}', values: '1' }], promql_expr_test: [{ expr: 'a', eval_time: '1m' }] },
      ],
    });
    assert.deepEqual(textsOf(testQueries('t.yml', text)), ['up{job="a"}', 'a']);
  });

  test('are the promql blocks of pages, and no other blocks', () => {
    const page = 'Text.\n\n```promql\nup\n> 0\n```\n\n```sh\nls\n```\n\n```promql\na\n```\n';
    assert.deepEqual(textsOf(markdownQueries('p.md', page)), ['up\n> 0', 'a']);
  });

  test('are those of dashboards, wherever they stand, with variables filled in', () => {
    const dashboard = {
      panels: [{ targets: [{ expr: `rate(a{b=~"$b",c="\${c:pipe}"}[$__rate_interval])` }, { expr: '' }] }],
      templating: { list: [{ query: { query: 'label_values(a{b=~"$b"}, c)' } }, { query: 'label_values(d, e)' }] },
      annotations: { list: [{ expr: 'ALERTS' }] },
    };
    assert.deepEqual(textsOf(dashboardQueries('d.json', JSON.stringify(dashboard))), [
      'rate(a{b=~"%q",c="%q"}[5m])',
      'a{b=~"%q"}',
      'd',
      'ALERTS',
    ]);
  });

  test('use what they name, and what is recorded from it', () => {
    const used = usedSeries([{ where: 'x', promql: 'model:bad:rate5m / up' }], set);
    assert.deepEqual([...used].sort(), ['model:bad:rate5m', 'req_total', 'up']);
  });
});
