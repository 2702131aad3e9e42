import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { metricNames } from '../../../../src/history/rules/metric-names.ts';
import { renderRules } from '../../../../src/mixin/pack.ts';
import { defaultSettings } from '../../../../src/mixin/settings/settings.ts';

const CASES: readonly (readonly [expression: string, names: readonly string[]])[] = [
  ['up == 0', ['up']],
  ['sum by (job, code) (rate(a_total{job="b", code=~"5.."}[5m])) / on (job) group_left (x) c', ['a_total', 'c']],
  ['sum(a) without (b) > bool 3 and b offset 5m unless ignoring(c) d @ start()', ['a', 'b', 'd']],
  ['{__name__="named", job="x"} or {job="x"}', ['named']],
  ['absent(a:b:c) or vector(1) > Inf or NaN # and d', ['a:b:c']],
  ["label_replace(a, 'dst', 'b', \"src\", `c[{`)", ['a']],
  ['max_over_time((a > bool 0)[1h30m:30s]) * 1e3 + 0x1F - .5', ['a']],
  ['quantile_over_time(0.9, a[1d] offset 15m) and a', ['a']],
  ['topk(1, a) + count_values("b", c) ^ -2', ['a', 'c']],
];

test('finds the metrics that an expression reads, and nothing else', () => {
  for (const [expression, names] of CASES) assert.deepEqual(metricNames(expression), names, expression);
});

/** The names that Prometheus' own grammar sees. */
function namesByGrammar(expression: string): readonly string[] {
  const names = new Set<string>();
  parser.parse(expression).iterate({
    enter({ name, from, to, node }) {
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') names.add(expression.slice(from, to));
    },
  });
  return [...names];
}

test("sees in every rule of the pack what Prometheus' grammar sees", () => {
  const expressions = (parse(renderRules(defaultSettings)).groups as { rules: { expr: string }[] }[]).flatMap(
    ({ rules }) => rules.map(({ expr }) => expr),
  );
  assert.ok(expressions.length > 15);
  for (const expression of expressions)
    assert.deepEqual(metricNames(expression), namesByGrammar(expression), expression);
});
