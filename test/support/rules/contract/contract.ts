import type { Problem } from '../../../../src/problem.ts';
import { type Expression, everyOf, type Matcher, type Selector } from '../../promql/expression.ts';
import { presenceOf } from '../../promql/labels.ts';
import { parsePromql } from '../../promql/parse.ts';
import type { Sample } from '../../scrape.ts';
import { valuesOfRule } from '../label-values.ts';
import { passes, type RuleSet, selectorsOf } from '../rule-set.ts';
import { FILLED_IN } from '../template.ts';
import { closureOf } from '../test-file.ts';
import type { Query } from './queries.ts';

/** What exists: a scrape of the real exporter, and what the rules record from it. */
export interface Exposed {
  /** Labels and values of each scraped name. */
  readonly series: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
  readonly set: RuleSet;
  /** Labels whose values are the user's own: any value may be selected. */
  readonly openLabels: readonly string[];
  /** Labels that Prometheus or the user puts on every series. */
  readonly targetLabels: readonly string[];
}

/** Labels of the samples, by name. */
export function seriesOf(samples: readonly Sample[]): Exposed['series'] {
  const series = new Map<string, Map<string, Set<string>>>();
  for (const { name, labels } of samples) {
    const known = series.get(name) ?? new Map<string, Set<string>>();
    series.set(name, known);
    for (const [label, value] of Object.entries(labels)) known.set(label, (known.get(label) ?? new Set()).add(value));
  }
  return series;
}

/** Everything the queries select that does not exist. */
export function contractProblems(queries: readonly Query[], exposed: Exposed): readonly Problem[] {
  return queries.flatMap(({ where, promql }) => {
    const { expression, faults } = parsePromql(promql);
    const messages =
      expression === undefined ? faults.map(({ message }) => message) : expressionFaults(expression, exposed);
    return [...new Set(messages)].map((message) => ({ code: 'contract', message: `${where}: ${message}` }));
  });
}

/** Names of scraped series that the queries select, directly or through what is recorded. */
export function usedSeries(queries: readonly Query[], set: RuleSet): ReadonlySet<string> {
  const asked = queries.flatMap(({ promql }) => {
    const { expression } = parsePromql(promql);
    return expression === undefined ? [] : selectorsOf(expression);
  });
  return new Set(asked.flatMap(({ name }) => [name, ...scrapedBehind(name, set)]));
}

function scrapedBehind(name: string, set: RuleSet): readonly string[] {
  const rules = [...closureOf(set.recorded.get(name) ?? [], set)];
  return rules.flatMap(({ expression }) =>
    expression === undefined ? [] : selectorsOf(expression).map((selector) => selector.name),
  );
}

function expressionFaults(expression: Expression, exposed: Exposed): readonly string[] {
  return [
    ...selectorsOf(expression).flatMap((selector) => selectorFaults(selector, exposed)),
    ...namedLabels(expression)
      .filter((label) => !isLabelOfAny(label, exposed))
      .map((label) => `no series has a label ${label}`),
  ];
}

function namedLabels(expression: Expression): readonly string[] {
  return [
    ...everyOf(expression, 'aggregation').flatMap(
      ({ expression: { grouping } }) => grouping?.names.map(({ name }) => name) ?? [],
    ),
    ...everyOf(expression, 'binary').flatMap(({ expression: { matching } }) => [
      ...(matching?.labels ?? []),
      ...(matching?.many?.include ?? []),
    ]),
  ];
}

function isLabelOfAny(label: string, { series, set, targetLabels }: Exposed): boolean {
  return (
    targetLabels.includes(label) ||
    label === 'alertname' ||
    [...series.values()].some((labels) => labels.has(label)) ||
    set.rules.some(({ labels }) => label in labels)
  );
}

/** Names that Prometheus itself writes. */
const OF_PROMETHEUS = ['ALERTS', 'ALERTS_FOR_STATE', 'up'];

function selectorFaults({ name, matchers }: Selector, exposed: Exposed): readonly string[] {
  if (name === '') return ['a selector without a name'];
  const isKnown = OF_PROMETHEUS.includes(name) || exposed.series.has(name) || exposed.set.recorded.has(name);
  if (!isKnown) return [`there is no series ${name}`];
  return matchers.flatMap((matcher) => matcherFaults(name, matcher, exposed));
}

function matcherFaults(name: string, matcher: Matcher, exposed: Exposed): readonly string[] {
  const { label } = matcher;
  if (exposed.targetLabels.includes(label)) return [];
  const values = valuesOf(name, label, exposed);
  if (values === undefined) return [`${name} has no label ${label}`];
  if (exposed.openLabels.includes(label)) return [];
  return selectedValues(matcher)
    .filter((pattern) => ![...values].some((value) => isSelected(label, { pattern, value })))
    .map((pattern) => `${name} has no ${label}="${pattern}"`);
}

/** The bound of a bucket is a number: some write `1`, some `1.0`. */
function isSelected(label: string, { pattern, value }: { readonly pattern: string; readonly value: string }): boolean {
  if (label === 'le' && Number(pattern.replaceAll('\\', '')) === Number(value)) return true;
  return passes({ operator: '=~', value: pattern }, value);
}

/** Each alternative by itself: of `a|b` both must exist. */
function selectedValues({ operator, value }: Matcher): readonly string[] {
  if (value === '' || value.includes(FILLED_IN)) return [];
  return operator.endsWith('~') ? (/[()[\]]/.test(value) ? [value] : value.split('|')) : [escaped(value)];
}

function escaped(value: string): string {
  return value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The values of a label of a series; undefined where it has none. */
function valuesOf(name: string, label: string, exposed: Exposed): ReadonlySet<string> | undefined {
  const scraped = exposed.series.get(name);
  if (scraped !== undefined) return scraped.get(label);
  if (name === 'ALERTS' || name === 'ALERTS_FOR_STATE') return alertValues(label, exposed);
  return exposed.set.recorded.has(name) ? recordedValues(name, label, exposed) : undefined;
}

function alertValues(label: string, { set }: Exposed): ReadonlySet<string> | undefined {
  if (label === 'alertname') return new Set(set.alerts.map(({ name }) => name));
  if (label === 'alertstate') return new Set(['firing', 'pending']);
  const values = set.alerts.flatMap(({ labels }) => labels[label] ?? []);
  const isOfSeries = set.alerts.some((rule) => presenceOf(set.labelsOf(rule), label) === 'always');
  return values.length > 0 || isOfSeries ? new Set(values) : undefined;
}

/** Spelled out by the rules that record it, or those of what is scraped behind it. */
function recordedValues(name: string, label: string, exposed: Exposed): ReadonlySet<string> | undefined {
  const { set, series } = exposed;
  const rules = set.recorded.get(name) ?? [];
  if (rules.every((rule) => presenceOf(set.labelsOf(rule), label) === 'never')) return undefined;
  const spelledOut = rules.map((rule) => valuesOfRule(rule, label, set));
  const behind = scrapedBehind(name, set).flatMap((source) => [...(series.get(source)?.get(label) ?? [])]);
  return new Set(spelledOut.flatMap((values) => [...(values ?? behind)]));
}
