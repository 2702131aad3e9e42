import type { Rule } from '../rule-file.ts';
import { FILLED_IN, readTemplate } from '../template.ts';
import { readTestFile } from '../test-file.ts';

/** PromQL with the place it comes from. */
export interface Query {
  readonly where: string;
  readonly promql: string;
}

/** The expressions of rules, and the queries in their texts. */
export function ruleQueries(rules: readonly Rule[]): readonly Query[] {
  return rules.flatMap(({ name, expr, annotations }) => [
    { where: `rule ${name}`, promql: expr.value },
    ...Object.entries(annotations).flatMap(([key, text]) =>
      readTemplate(text).queries.map(({ promql }) => ({ where: `${key} of ${name}`, promql })),
    ),
  ]);
}

/** What a promtool test feeds to the rules and asks of them: a series of another name proves nothing. */
export function testQueries(path: string, text: string): readonly Query[] {
  return readTestFile(text).tests.flatMap(({ name = '', input_series: series = [], promql_expr_test: asked = [] }) =>
    [...series.map(({ series: promql }) => promql), ...asked.map(({ expr }) => expr)].map((promql) => ({
      where: `${path}: ${name}`,
      promql,
    })),
  );
}

/** The `promql` blocks of a page. */
export function markdownQueries(path: string, text: string): readonly Query[] {
  return [...text.matchAll(/^```promql\n(.*?)\n```$/gms)].map(([, promql = '']) => ({ where: path, promql }));
}

/** Every `expr` and every `label_values(…)` of a dashboard, wherever it stands; variables are filled in. */
export function dashboardQueries(path: string, text: string): readonly Query[] {
  const queries: Query[] = [];
  const add = (promql: string) => queries.push({ where: path, promql: withoutVariables(promql) });
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      const [, series] = /^label_values\((.+), *\w+\)$/s.exec(value) ?? [];
      if (series !== undefined) add(series);
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (value !== null && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'expr' && typeof inner === 'string' && inner !== '') add(inner);
        else visit(inner);
      }
    }
  };
  visit(JSON.parse(text));
  return queries;
}

/** A variable of Grafana is any value inside quotes, and a duration elsewhere. */
function withoutVariables(promql: string): string {
  const variable = /\$\{?\w+(?::\w+)?\}?|\[\[\w+\]\]/g;
  return promql.replace(/"[^"]*"/g, (quoted) => quoted.replace(variable, FILLED_IN)).replace(/\$\{?\w+\}?/g, '5m');
}
