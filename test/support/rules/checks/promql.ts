import {
  type Aggregation,
  bare,
  type Expression,
  everyOf,
  everyPart,
  type Matcher,
  PICKING_AGGREGATIONS,
  subjectOf,
} from '../../promql/expression.ts';
import { labelsOf, presenceOf } from '../../promql/labels.ts';
import { readDuration } from '../../promql/literals.ts';
import type { CheckContext, Finding, RuleCheck } from '../lint-options.ts';
import { selectorsOf } from '../rule-set.ts';

/** A check that needs an expression that could be read. */
function onExpression(check: (expression: Expression, context: CheckContext) => readonly Finding[]): RuleCheck {
  return ({ expression }, context) => (expression === undefined ? [] : check(expression, context));
}

/** pint promql/syntax, and promql/features: nothing that needs a flag or a Prometheus after 2.42. */
export const syntax: RuleCheck = ({ faults }) => faults.map(({ message, from }) => ({ message, offset: from }));

/** pint promql/aggregate: the labels of the environment survive, or one alert speaks for two environments. */
export const aggregate = onExpression((expression, { set, options }) =>
  everyOf(expression, 'aggregation').flatMap(({ expression: aggregation }) => {
    const lost = lostLabels(aggregation, { set, options });
    const how = aggregation.grouping?.mode ?? 'of all';
    return lost.length === 0
      ? []
      : [
          {
            message: `${aggregation.operator} (${how}) loses ${lost.join(', ')}: use without (…)`,
            offset: aggregation.from,
          },
        ];
  }),
);

function lostLabels(aggregation: Aggregation, { set, options }: CheckContext): readonly string[] {
  const subject = subjectOf(aggregation);
  if (subject === undefined || PICKING_AGGREGATIONS.includes(aggregation.operator)) return [];
  const [before, after] = [labelsOf(subject, set.seriesLabels), labelsOf(aggregation, set.seriesLabels)];
  return options.identityLabels.filter(
    (label) => presenceOf(before, label) !== 'never' && presenceOf(after, label) === 'never',
  );
}

/** pint promql/fragile: series that come and go with their rank, and ratios over targets not all scraped yet. */
export const fragile: RuleCheck = (rule) => {
  const { expression } = rule;
  if (expression === undefined) return [];
  const ranked = everyOf(expression, 'aggregation')
    .filter(({ expression: { operator } }) => PICKING_AGGREGATIONS.includes(operator))
    .map(({ expression: { operator, from } }) => ({
      message: `${operator} picks other series each time, so alerts flap: compare with a threshold`,
      offset: from,
    }));
  if (rule.kind !== 'alert' || (readDuration(rule.for ?? '0') ?? 0) > 0) return ranked;
  const ratios = everyOf(expression, 'binary')
    .filter(({ expression: { operator, left, right } }) => operator === '/' && areOfDifferentSeries(left, right))
    .map(({ expression: { from } }) => ({
      message: 'a ratio of two aggregations is wrong until every target was scraped: add a for',
      offset: from,
    }));
  return [...ranked, ...ratios];
};

function areOfDifferentSeries(left: Expression, right: Expression): boolean {
  const names = (side: Expression) => [...new Set(selectorsOf(side).map(({ name }) => name))].sort().join();
  const areAggregated = [left, right].every((side) => everyOf(side, 'aggregation').length > 0);
  return areAggregated && names(left) !== names(right);
}

/** pint promql/regexp: patterns that are none, anchors Prometheus adds itself, and what is no pattern at all. */
export const regexp = onExpression((expression) =>
  selectorsOf(expression).flatMap(({ matchers }) =>
    matchers.flatMap((matcher) => {
      const message = patternFault(matcher);
      return message === undefined ? [] : [{ message: `${matcher.label}: ${message}`, offset: matcher.from }];
    }),
  ),
);

function patternFault({ operator, value }: Matcher): string | undefined {
  if (operator === '=' || operator === '!=') return undefined;
  try {
    new RegExp(value.replace(/^\(\?[is]+\)/, ''));
  } catch {
    // The engine's own words are about JavaScript.
    return `"${value}" is no pattern`;
  }
  if (/^\^|[^\\]\$$/.test(value)) return `"${value}" is anchored anyway: leave ^ and $ out`;
  if (/^[\w :/-]*$/.test(value)) return `"${value}" is no pattern: compare with ${operator === '=~' ? '=' : '!='}`;
  return value === '.*' ? '".*" lets everything pass: leave it out' : undefined;
}

/** A bucket is never asked for by its bound: Prometheus 3 writes `1.0` where 2 wrote `1`. */
export const bucketBound = onExpression((expression) =>
  selectorsOf(expression).flatMap(({ matchers }) =>
    matchers
      .filter(({ label, value }) => label === 'le' && value !== '+Inf')
      .map(({ from }) => ({
        message: 'le by its value breaks between Prometheus 2 and 3: count it in the exporter',
        offset: from,
      })),
  ),
);

/** `or vector(0)` has no labels, so it never fills the hole it is meant for, and hides that a metric is gone. */
export const vectorZero = onExpression((expression) =>
  everyOf(expression, 'binary')
    .filter(({ expression: { operator, right } }) => {
      const other = bare(right);
      return operator === 'or' && other.kind === 'call' && other.function === 'vector';
    })
    .map(({ expression: { right } }) => ({
      message: '`or vector(…)` has no labels and hides a metric that is gone: `or total * 0` is right',
      offset: right.from,
    })),
);

/** pint promql/rate and promql/range_query: a window of four scrapes, and within what Prometheus keeps. */
export const windows = onExpression((expression, { options }) =>
  everyPart(expression).flatMap(({ expression: part }) => {
    if (part.kind !== 'range' && part.kind !== 'subquery') return [];
    const least = 4 * options.scrapeIntervalSeconds;
    if (part.range.seconds >= least) return [];
    return [{ message: `a window of ${part.range.seconds}s: four scrapes are ${least}s`, offset: part.range.from }];
  }),
);

export const retention = onExpression((expression, { options: { retentionSeconds } }) =>
  everyPart(expression).flatMap(({ expression: part, around }) => {
    if (part.kind !== 'range' && part.kind !== 'subquery' && part.kind !== 'selector') return [];
    const reach = [part, ...around].reduce((total, outer) => total + reachOf(outer), 0);
    if (reach <= retentionSeconds) return [];
    return [{ message: `looks back ${reach / 86_400}d; ${retentionSeconds / 86_400}d are kept`, offset: part.from }];
  }),
);

function reachOf(expression: Expression): number {
  const range = expression.kind === 'range' || expression.kind === 'subquery' ? expression.range.seconds : 0;
  return range + ('offset' in expression ? (expression.offset?.seconds ?? 0) : 0);
}

const COUNTER_FUNCTIONS = ['rate', 'increase', 'irate', 'resets'];
/** What may be asked of a counter without its growth: whether and where it is. */
const EXISTENCE = ['absent', 'absent_over_time', 'present_over_time', 'timestamp', 'count_over_time', 'last_over_time'];

/** pint promql/counter: the growth of counters, and of nothing else. */
export const counter = onExpression((expression, { set }) =>
  everyOf(expression, 'selector').flatMap(({ expression: { name, from }, around }) => {
    const isCounter = counterOf(name, set.scraped);
    if (isCounter === undefined) return [];
    const call = around.find(({ kind }) => kind === 'call');
    const used = call?.kind === 'call' ? call.function : '';
    if (!isCounter && COUNTER_FUNCTIONS.includes(used))
      return [{ message: `${used} of ${name}, which is a gauge: use delta or *_over_time`, offset: from }];
    const isAsked = [...COUNTER_FUNCTIONS, ...EXISTENCE].includes(used) || isOnlyCounted(around);
    return isCounter && !isAsked
      ? [{ message: `${name} is a counter: only its growth means something`, offset: from }]
      : [];
  }),
);

function counterOf(name: string, scraped: CheckContext['set']['scraped']): boolean | undefined {
  const histogram = scraped.get(name.replace(/_(?:bucket|count|sum)$/, ''));
  if (histogram?.type === 'histogram') return true;
  const type = scraped.get(name)?.type;
  return type === undefined ? undefined : type === 'counter';
}

function isOnlyCounted(around: readonly Expression[]): boolean {
  return around.some((part) => part.kind === 'aggregation' && ['count', 'group'].includes(part.operator));
}
