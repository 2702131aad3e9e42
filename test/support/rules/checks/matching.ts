import {
  type Aggregation,
  type Binary,
  bare,
  type Expression,
  everyOf,
  isScalar,
  type Matcher,
  subjectOf,
} from '../../promql/expression.ts';
import { type LabelSet, labelsOf, presenceOf } from '../../promql/labels.ts';
import type { Finding, RuleCheck } from '../lint-options.ts';
import { passes, type RuleSet, selectorsOf } from '../rule-set.ts';

/** pint promql/impossible: joins, groupings and selectors that can never give anything. */
export const impossible: RuleCheck = ({ expression }, { set }) => {
  if (expression === undefined) return [];
  return [
    ...everyOf(expression, 'binary').flatMap(({ expression: binary }) => joinFaults(binary, set)),
    ...everyOf(expression, 'aggregation').flatMap(({ expression: aggregation }) => groupingFaults(aggregation, set)),
    ...selectorsOf(expression).flatMap(({ matchers }) => contradictions(matchers)),
  ];
};

function joinFaults({ operator, matching, left, right, operatorSpan }: Binary, set: RuleSet): readonly Finding[] {
  if (operator === 'or' || isScalar(left) || isScalar(right)) return [];
  const [ofLeft, ofRight] = [labelsOf(left, set.seriesLabels), labelsOf(right, set.seriesLabels)];
  const finding = (message: string): Finding => ({ message, offset: operatorSpan.from });
  const faults = joinLabels(matching, [ofLeft, ofRight]).flatMap((label) => {
    const [here, there] = [presenceOf(ofLeft, label), presenceOf(ofRight, label)];
    if (here === 'never' && there === 'never' && matching?.mode === 'on')
      return [finding(`joins on ${label}, which is on neither side`)];
    const isOneSided = (here === 'always' && there === 'never') || (here === 'never' && there === 'always');
    return isOneSided ? [finding(`${label} is on one side only, so nothing ever matches: ignore it`)] : [];
  });
  const one = matching?.many?.side === 'left' ? ofRight : ofLeft;
  const empty = (matching?.many?.include ?? [])
    .filter((label) => presenceOf(one, label) === 'never')
    .map((label) => finding(`takes ${label} from a side that has none`));
  return [...faults, ...empty];
}

function joinLabels(matching: Binary['matching'], sides: readonly [LabelSet, LabelSet]): readonly string[] {
  if (matching?.mode === 'on') return matching.labels;
  const known = new Set(sides.flatMap(({ known: labels }) => [...labels.keys()]));
  return [...known].filter((label) => !matching?.labels.includes(label));
}

function groupingFaults(aggregation: Aggregation, set: RuleSet): readonly Finding[] {
  const subject = subjectOf(aggregation);
  if (aggregation.grouping?.mode !== 'by' || subject === undefined) return [];
  const inner = labelsOf(subject, set.seriesLabels);
  return aggregation.grouping.names
    .filter(({ name }) => presenceOf(inner, name) === 'never')
    .map(({ name, from }) => ({ message: `groups by ${name}, which is gone by then`, offset: from }));
}

/** Two matchers of one label that no value passes, as far as `=` tells. */
function contradictions(matchers: readonly Matcher[]): readonly Finding[] {
  return matchers
    .filter(({ operator }) => operator === '=')
    .flatMap((exact) =>
      matchers
        .filter((other) => other !== exact && other.label === exact.label && !passes(other, exact.value))
        .map(({ from }) => ({ message: `no ${exact.label} is "${exact.value}" and passes this, too`, offset: from })),
    );
}

/** pint promql/nan: one 0/0 makes a whole sum NaN. */
export const nan: RuleCheck = (rule, { set }) =>
  unguardedDivisions(rule.expression, set)
    .filter(({ isAggregated }) => isAggregated)
    .map(({ offset }) => ({ message: 'a division by 0 makes the whole aggregate NaN: `/ (… > 0)` is right', offset }));

/** Every ratio has a guard: on an idle model it is NaN or infinite. */
export const divisionGuard: RuleCheck = (rule, { set }) =>
  unguardedDivisions(rule.expression, set)
    .filter(({ isAggregated }) => !isAggregated)
    .map(({ offset }) => ({ message: 'nothing keeps the denominator from being 0: `/ (… > 0)` is right', offset }));

interface Division {
  readonly offset: number;
  readonly isAggregated: boolean;
}

function unguardedDivisions(expression: Expression | undefined, set: RuleSet): readonly Division[] {
  if (expression === undefined) return [];
  return everyOf(expression, 'binary')
    .filter(({ expression: { operator } }) => operator === '/' || operator === '%')
    .filter(({ expression: division, around }) => !isNonZero(division.right, set) && !isGuarded(division, around))
    .map(({ expression: { operatorSpan }, around }) => ({
      offset: operatorSpan.from,
      isAggregated: around.some(({ kind }) => kind === 'aggregation'),
    }));
}

/** `a / b > 0.1 and b >= 20`: the same denominator is compared further out. */
function isGuarded({ right: denominator }: Binary, around: readonly Expression[]): boolean {
  const series = seriesText(denominator);
  return around.some((outer) => {
    if (outer.kind !== 'binary' || outer.operator !== 'and') return false;
    return [outer.left, outer.right].some((side) => {
      const guard = bare(side);
      return guard.kind === 'binary' && isAboveZero(guard) && seriesText(guard.left) === series;
    });
  });
}

/** What an expression is about, whatever its spaces. */
function seriesText(expression: Expression): string {
  return JSON.stringify(bare(expression), (key, value) =>
    ['from', 'to', 'operatorSpan', 'valueSpan'].includes(key) ? undefined : value,
  );
}

function isAboveZero({ operator, right, bool }: Binary): boolean {
  const limit = bare(right);
  if (bool || limit.kind !== 'number') return false;
  return (
    (operator === '>' && limit.value >= 0) || (operator === '>=' && limit.value > 0) || isNotZero(operator, limit.value)
  );
}

function isNotZero(operator: string, value: number): boolean {
  return operator === '!=' && value === 0;
}

/** Functions that keep numbers above 0 above 0. */
const KEEPING = ['min', 'max', 'avg', 'sum', 'quantile', 'count', 'group'];

function isNonZero(expression: Expression, set: RuleSet): boolean {
  const inner = bare(expression);
  switch (inner.kind) {
    case 'number':
      return inner.value !== 0;
    case 'binary':
      if (inner.operator === 'and' || inner.operator === 'unless') return isNonZero(inner.left, set);
      if (inner.operator === 'or' || inner.operator === '*')
        return isNonZero(inner.left, set) && isNonZero(inner.right, set);
      return isAboveZero(inner);
    case 'selector': {
      const sources = set.recorded.get(inner.name) ?? [];
      return sources.length > 0 && sources.every((source) => source.expression && isNonZero(source.expression, set));
    }
    case 'range':
    case 'subquery':
    case 'unary':
      return isNonZero(inner.of, set);
    case 'call':
    case 'aggregation': {
      const [first, second] = inner.args;
      if (inner.kind === 'call' && inner.function === 'clamp_min')
        return second?.kind === 'number' && second.value > 0 && first !== undefined;
      const operator = inner.kind === 'aggregation' ? inner.operator : inner.function.replace(/_over_time$/, '');
      const subject = subjectOf(inner);
      return [...KEEPING, 'last'].includes(operator) && subject !== undefined && isNonZero(subject, set);
    }
    default:
      return false;
  }
}
