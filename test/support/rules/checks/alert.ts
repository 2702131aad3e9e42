import { bare, COMPARISONS, type Expression, subjectOf } from '../../promql/expression.ts';
import { labelsOf, presenceOf } from '../../promql/labels.ts';
import { readDuration } from '../../promql/literals.ts';
import { parsePromql } from '../../promql/parse.ts';
import type { CheckContext, RuleCheck } from '../lint-options.ts';
import type { Rule } from '../rule-file.ts';
import { readTemplate, type TemplateQuery } from '../template.ts';

/** pint alerts/annotation: those required are there; the summary is one static sentence, for it heads a group. */
export const annotation: RuleCheck = (rule, { options }) => {
  if (rule.kind !== 'alert') return [];
  const missing = options.annotations
    .filter((name) => (rule.annotations[name] ?? '').trim() === '')
    .map((name) => ({ message: `annotation ${name} is missing: every alert has one` }));
  const { summary } = rule.annotations;
  if (summary === undefined || /^[^{}\n]+[^\s{}.]\.$/.test(summary)) return missing;
  return [...missing, { message: `summary "${summary}": a static sentence with a full stop is right` }];
};

/** pint alerts/comparison: without a condition, every series that exists is an alert. */
export const comparison: RuleCheck = ({ kind, expression }) => {
  if (kind !== 'alert' || expression === undefined || hasCondition(expression)) return [];
  return [{ message: 'nothing is compared, so whatever exists fires: `> 0` or another threshold is right' }];
};

/** Whether a result is left only where something holds. Denominators do not count: they only guard. */
function hasCondition(expression: Expression): boolean {
  const inner = bare(expression);
  switch (inner.kind) {
    case 'binary':
      if (COMPARISONS.includes(inner.operator)) return !inner.bool;
      if (inner.operator === 'or') return hasCondition(inner.left) && hasCondition(inner.right);
      if (inner.operator === 'unless' || inner.operator === '/') return hasCondition(inner.left);
      return hasCondition(inner.left) || hasCondition(inner.right);
    case 'call':
    case 'aggregation': {
      const subject = subjectOf(inner);
      return subject !== undefined && hasCondition(subject);
    }
    case 'unary':
    case 'subquery':
      return hasCondition(inner.of);
    default:
      return false;
  }
}

/** pint alerts/for: durations are durations, and the default is not written. */
export const duration: RuleCheck = (rule) =>
  (
    [
      ['for', rule.for],
      ['keep_firing_for', rule.keepFiringFor],
    ] as const
  ).flatMap(([key, text]) => {
    if (text === undefined) return [];
    const seconds = readDuration(text);
    if (seconds === undefined) return [{ message: `${key}: ${text} is no duration: 5m is one` }];
    return seconds === 0 ? [{ message: `${key}: ${text} is the default: leave it out` }] : [];
  });

/** pint alerts/template, and what is known of labels by walking the expression. */
export const template: RuleCheck = (rule, context) => {
  if (rule.kind !== 'alert') return [];
  const inLabels = Object.entries(rule.labels).flatMap(([name, text]) => {
    const { values, queries, faults } = readTemplate(text);
    const varies = values.length > 0 || queries.length > 0;
    return [
      ...faults.map((fault) => ({ message: `label ${name}: ${fault}` })),
      ...(varies
        ? [{ message: `label ${name} changes with the value: that is a new alert each time; annotate it` }]
        : []),
    ];
  });
  const inAnnotations = Object.entries(rule.annotations).flatMap(([name, text]) =>
    annotationFaults(text, { rule, context }).map((message) => ({ message: `annotation ${name}: ${message}` })),
  );
  return [...inLabels, ...inAnnotations];
};

interface Where {
  readonly rule: Rule;
  readonly context: CheckContext;
}

function annotationFaults(text: string, where: Where): readonly string[] {
  const { labels, values, queries, faults } = readTemplate(text);
  const ofAlert = where.context.set.labelsOf(where.rule);
  const raw = values.filter((action) => /(?:\$value|\.Value|\|\s*value)$/.test(action));
  return [
    ...faults,
    ...labels
      .filter((label) => presenceOf(ofAlert, label) === 'never')
      .map((label) => `$labels.${label} is always empty: the expression has no such label`),
    ...raw.map((action) => `{{ ${action} }} shows up to 17 digits: pipe it through humanize or humanizePercentage`),
    ...queries.flatMap((query) => queryFaults(query, where.context)),
  ];
}

function queryFaults({ promql, reads }: TemplateQuery, { set }: CheckContext): readonly string[] {
  const { expression, faults } = parsePromql(promql);
  if (expression === undefined) return faults.map(({ message }) => `its query: ${message}`);
  const labels = labelsOf(expression, set.seriesLabels);
  return reads
    .filter((label) => presenceOf(labels, label) === 'never')
    .map((label) => `label "${label}" of its query is always empty: ${promql} has no such label`);
}

/** pint rule/for: two evaluations at least, or one slow scrape decides. */
export const wait: RuleCheck = (rule, { set }) => {
  if (rule.kind !== 'alert') return [];
  const interval = set.groups.find(({ name }) => name === rule.group)?.interval ?? '1m';
  const [given, least] = [readDuration(rule.for ?? '0') ?? 0, 2 * (readDuration(interval) ?? 60)];
  return given >= least ? [] : [{ message: `for: ${rule.for ?? 'none'} is under two evaluations: ${least}s or more` }];
};
