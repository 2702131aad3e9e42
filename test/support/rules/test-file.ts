import { parse } from 'yaml';
import { parsePromql } from '../promql/parse.ts';
import type { Rule } from './rule-file.ts';
import { passes, type RuleSet, selectorsOf, selectorsOfRule } from './rule-set.ts';

/** One check of an alert at one moment. */
export interface AlertCheck {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts?: readonly { readonly exp_labels?: Readonly<Record<string, string>> }[];
}

/** One query at one moment. */
export interface QueryCheck {
  readonly expr: string;
  readonly eval_time: string;
  readonly exp_samples?: readonly { readonly labels: string; readonly value: number }[];
}

/** One story of a promtool test file. */
export interface StoryJson {
  readonly name?: string;
  readonly input_series?: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test?: readonly AlertCheck[];
  readonly promql_expr_test?: readonly QueryCheck[];
}

export interface TestFileJson {
  readonly rule_files: readonly string[];
  readonly evaluation_interval?: string;
  readonly group_eval_order?: readonly string[];
  readonly tests: readonly StoryJson[];
}

/** A promtool test file. Its shape is promtool's to check: a file that it refuses fails the tests that run it. */
export function readTestFile(text: string): TestFileJson {
  return parse(text) as TestFileJson;
}

/** The rules that a story is about: the alerts and recordings it asks for, and all they are made of. */
export function rulesOfStory(
  { alert_rule_test = [], promql_expr_test = [] }: StoryJson,
  set: RuleSet,
): ReadonlySet<Rule> {
  const named = new Set(alert_rule_test.map(({ alertname }) => alertname));
  const roots = set.alerts.filter(({ name }) => named.has(name));
  const asked = promql_expr_test.flatMap(({ expr }) => {
    const { expression } = parsePromql(expr);
    return expression === undefined ? [] : selectorsOf(expression);
  });
  return closureOf([...roots, ...asked.flatMap((selector) => sourcesOf(selector, set))], set);
}

/** Rules and, of each, the rules it is made of, through texts and `ALERTS` too. */
export function closureOf(rules: readonly Rule[], set: RuleSet): ReadonlySet<Rule> {
  const closure = new Set<Rule>();
  const open = [...rules];
  for (let rule = open.pop(); rule !== undefined; rule = open.pop()) {
    if (closure.has(rule)) continue;
    closure.add(rule);
    open.push(...selectorsOfRule(rule).flatMap((selector) => sourcesOf(selector, set)));
  }
  return closure;
}

type Selector = ReturnType<typeof selectorsOf>[number];

/** The rules that make what a selector selects. */
function sourcesOf({ name, matchers }: Selector, set: RuleSet): readonly Rule[] {
  if (name !== 'ALERTS' && name !== 'ALERTS_FOR_STATE') return set.recorded.get(name) ?? [];
  return set.alerts.filter((alert) => {
    const labels: Readonly<Record<string, string>> = { ...alert.labels, alertname: alert.name };
    return matchers.every((matcher) => {
      const value = labels[matcher.label];
      return value === undefined || value.includes('{{') || passes(matcher, value);
    });
  });
}
