import { type Expression, everyOf, type Selector } from '../promql/expression.ts';
import { ANY_LABELS, eitherOf, type LabelSet, labelsOf, withLabels } from '../promql/labels.ts';
import { parsePromql } from '../promql/parse.ts';
import type { Group, Rule } from './rule-file.ts';
import { readTemplate } from './template.ts';

/** What is known of a series that is scraped. */
export interface SeriesFacts {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
}

/** The rules of a file with what they say of one another. */
export interface RuleSet {
  readonly groups: readonly Group[];
  readonly rules: readonly Rule[];
  readonly alerts: readonly Rule[];
  /** Recording rules by the name they record; several rules may share one. */
  readonly recorded: ReadonlyMap<string, readonly Rule[]>;
  readonly scraped: ReadonlyMap<string, SeriesFacts>;
  /** Labels of a series, recorded or scraped; undefined where its name is unknown. */
  seriesLabels(name: string): LabelSet | undefined;
  /** Labels of what a rule records, or of the alerts it raises. */
  labelsOf(rule: Rule): LabelSet;
}

/** Labels that Prometheus itself puts on what it scrapes. */
const TARGET_LABELS = ['job', 'instance'];
/** What Prometheus writes about alerts; their other labels are those of the alert. */
const ALERT_SERIES = ['ALERTS', 'ALERTS_FOR_STATE'];

export function createRuleSet(
  groups: readonly Group[],
  scraped: ReadonlyMap<string, SeriesFacts> = new Map(),
): RuleSet {
  const rules = groups.flatMap((group) => group.rules);
  const recorded = Map.groupBy(
    rules.filter(({ kind }) => kind === 'record'),
    ({ name }) => name,
  );
  const known = new Map<string, LabelSet>();

  function seriesLabels(name: string): LabelSet | undefined {
    if (ALERT_SERIES.includes(name)) return withLabels(ANY_LABELS, [['alertname', 'always']]);
    const facts = scraped.get(name);
    if (facts !== undefined) return withLabels(scrapedLabels(scraped), always([...TARGET_LABELS, ...facts.labels]));
    if (name === 'up') return withLabels(scrapedLabels(scraped), always(TARGET_LABELS));
    return recorded.has(name) ? recordedLabels(name) : undefined;
  }

  function recordedLabels(name: string): LabelSet {
    const before = known.get(name);
    if (before !== undefined) return before;
    // A rule that records from itself is told of elsewhere; here it must only not go round for ever.
    known.set(name, ANY_LABELS);
    const labels = (recorded.get(name) ?? []).map(labelsOfRule).reduce(eitherOf);
    known.set(name, labels);
    return labels;
  }

  function labelsOfRule({ expression, labels, kind }: Rule): LabelSet {
    const own = kind === 'alert' ? [...Object.keys(labels), 'alertname'] : Object.keys(labels);
    const found = expression === undefined ? ANY_LABELS : labelsOf(expression, seriesLabels);
    return withLabels(found, always(own));
  }

  const alerts = rules.filter(({ kind }) => kind === 'alert');
  return { groups, rules, alerts, recorded, scraped, seriesLabels, labelsOf: labelsOfRule };
}

/** The exporter's own labels are on the families that list them and on no other; the user's may be on any. */
function scrapedLabels(scraped: ReadonlyMap<string, SeriesFacts>): LabelSet {
  const own = [...scraped.values()].flatMap(({ labels }) => labels);
  return { known: new Map(own.map((label) => [label, 'never'])), others: 'maybe' };
}

function always(labels: readonly string[]): readonly (readonly [string, 'always'])[] {
  return labels.map((label) => [label, 'always'] as const);
}

/** Every selector of an expression. */
export function selectorsOf(expression: Expression): readonly Selector[] {
  return everyOf(expression, 'selector').map(({ expression: selector }) => selector);
}

/** Every selector a rule depends on: those of its expression, then those of the queries in its texts. */
export function selectorsOfRule({ expression, annotations }: Rule): readonly Selector[] {
  const queries = Object.values(annotations).flatMap((text) => readTemplate(text).queries);
  const expressions = [expression, ...queries.map(({ promql }) => parsePromql(promql).expression)];
  return expressions.flatMap((found) => (found === undefined ? [] : selectorsOf(found)));
}

/** Whether a matcher of Prometheus lets a text pass. */
export function passes(
  { operator, value }: { readonly operator: string; readonly value: string },
  text: string,
): boolean {
  switch (operator) {
    case '=':
      return text === value;
    case '!=':
      return text !== value;
    default: {
      // RE2 and JavaScript agree on what our patterns use; `(?i)` is the one form that needs a hand.
      const pattern = new RegExp(`^(?:${value.replace(/^\(\?i\)/, '')})$`, value.startsWith('(?i)') ? 'is' : 's');
      return pattern.test(text) === (operator === '=~');
    }
  }
}
