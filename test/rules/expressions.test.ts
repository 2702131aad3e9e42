import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { CAUSES } from '../../src/classify/causes.ts';
import { families } from '../../src/metrics/families.ts';
import { foreignSeries, TARGET_LABELS } from '../../src/mixin/promql.ts';
import { recorded } from '../../src/mixin/recording/recorded.ts';
import { defaultSettings } from '../../src/mixin/settings/settings.ts';
import { dashboardQueries, expandVariables, parseDashboard, variableQueries } from '../support/dashboard-queries.ts';
import { pack, ruleGroupsOf } from './pack.ts';

/** Labels of every series that may be named, beside those of its target. */
const known = new Map<string, readonly string[]>(Object.entries(recorded));
for (const [name, { type, labels }] of Object.entries(families)) {
  if (type !== 'histogram') known.set(name, labels);
  else
    for (const [part, own] of [
      ['_bucket', ['le']],
      ['_count', []],
      ['_sum', []],
    ] as const)
      known.set(name + part, [...labels, ...own]);
}
for (const [name, labels] of Object.entries(foreignSeries)) known.set(name, labels);
known.set('ALERTS', ['alertname', 'alertstate', 'severity', 'component', 'signal', 'provider', 'model', 'code']);

const targetLabels: readonly string[] = [
  ...TARGET_LABELS,
  ...defaultSettings.dropLabels,
  ...defaultSettings.identityLabels,
];
const anyLabel = new Set([...known.values()].flat().concat(targetLabels));

/** Everything wrong with the names in an expression. */
function faultsOf(expr: string): readonly string[] {
  const faults: string[] = [];
  let labels: readonly string[] = [];
  let label = '';
  parser.parse(expr).iterate({
    enter({ name, type, from, to, node }) {
      const text = expr.slice(from, to);
      if (type.isError) faults.push(`syntax error at ${from}: ${expr.slice(from, from + 20)}`);
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') {
        labels = known.get(text) ?? [];
        if (!known.has(text)) faults.push(`unknown series ${text}`);
      }
      if (name === 'LabelName') {
        const inSelector = node.parent?.name === 'UnquotedLabelMatcher';
        const allowed = inSelector ? labels.includes(text) || targetLabels.includes(text) : anyLabel.has(text);
        if (!allowed) faults.push(`unknown label ${text}`);
        label = text;
      }
      if (name === 'StringLiteral' && label === 'cause') faults.push(...unknownCauses(text.slice(1, -1)));
    },
  });
  return faults;
}

function unknownCauses(pattern: string): readonly string[] {
  const causes: readonly string[] = CAUSES;
  return pattern === '.+'
    ? []
    : pattern
        .split('|')
        .filter((cause) => !causes.includes(cause))
        .map((cause) => `unknown cause ${cause}`);
}

const files = await pack({ selector: 'job="x"' });

async function expressions(): Promise<readonly (readonly [where: string, expr: string])[]> {
  const rules = (await ruleGroupsOf(files)).flatMap(({ rules: list }) => list);
  const pages = [...files].filter(([path]) => path.endsWith('.md'));
  const dashboards = [...files].filter(([path]) => path.endsWith('.json')).map(([, text]) => parseDashboard(text));
  const ranges = { rateInterval: '2m', range: '1h' };
  return [
    ...rules.map((rule) => [rule.alert ?? rule.record ?? '', rule.expr] as const),
    ...rules.flatMap(templateQueries),
    ...pages.flatMap(([path, text]) =>
      [...text.matchAll(/```promql\n(.+?)\n```/gs)].map(([, expr = '']) => [path, expr] as const),
    ),
    ...dashboards.flatMap((dashboard) => [
      ...dashboardQueries(dashboard).map(
        ({ panel, expr }) => [panel, expandVariables(dashboard, expr, ranges)] as const,
      ),
      ...dashboard.annotations.list.map(({ name, expr }) => [name, expandVariables(dashboard, expr, ranges)] as const),
      ...variableQueries(dashboard).map(
        ({ variable, series }) => [variable, expandVariables(dashboard, series, ranges)] as const,
      ),
    ]),
  ];
}

/** Queries inside annotations: Prometheus finds a mistake there only when the alert fires. */
function templateQueries({
  alert = '',
  annotations = {},
}: {
  alert?: string;
  annotations?: Readonly<Record<string, string>>;
}) {
  return Object.values(annotations).flatMap((text) =>
    [...text.matchAll(/printf "([^"]+)"/g)].map(
      ([, query = '']) => [alert, query.replaceAll('%q', '"x"').replaceAll('cause="x"', 'cause="none"')] as const,
    ),
  );
}

describe('every expression of rules, alert texts, runbooks and dashboards', () => {
  test('parses and names only series, labels and causes that exist', async () => {
    const all = await expressions();
    assert.ok(all.length > 80, `only ${all.length} expressions found`);
    const faults = all.flatMap(([where, expr]) => faultsOf(expr).map((fault) => `${where}: ${fault}`));
    assert.deepEqual(faults, []);
  });

  test('the check itself finds what is wrong', () => {
    assert.deepEqual(faultsOf('sum by (model) (rate(llm_requests_total{code="503"}[5m])) > 0'), []);
    assert.deepEqual(faultsOf('llm_request_total'), ['unknown series llm_request_total']);
    assert.deepEqual(faultsOf('llm_requests_total{status="503"}'), ['unknown label status']);
    assert.deepEqual(faultsOf('llm_tokens_total{cause="none"}'), ['unknown label cause']);
    assert.deepEqual(faultsOf('sum by (colour) (up)'), ['unknown label colour']);
    assert.deepEqual(faultsOf('llm_requests_total{cause="overload"}'), ['unknown cause overload']);
    assert.match(faultsOf('sum(up').join(), /syntax error/);
  });
});
