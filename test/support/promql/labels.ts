import {
  type Aggregation,
  type Binary,
  type Call,
  type Expression,
  isScalar,
  type Matcher,
  PICKING_AGGREGATIONS,
  SET_OPERATORS,
  type Selector,
  subjectOf,
} from './expression.ts';

/** Whether the series of a result carry a label: all of them, it depends, or none. */
export type Presence = 'always' | 'maybe' | 'never';

/** What is known of the labels of a result. */
export interface LabelSet {
  readonly known: ReadonlyMap<string, Presence>;
  /** What holds for all others: `maybe` for scraped series, which carry the user's own, `never` behind `by`. */
  readonly others: 'maybe' | 'never';
}

/** The labels of the series of a name; undefined where nothing is known of it. */
export type LabelsOfSeries = (name: string) => LabelSet | undefined;

export const NO_LABELS: LabelSet = { known: new Map(), others: 'never' };
export const ANY_LABELS: LabelSet = { known: new Map(), others: 'maybe' };

export function presenceOf(labels: LabelSet, label: string): Presence {
  return labels.known.get(label) ?? labels.others;
}

/** The same set with a few labels said anew. */
export function withLabels(
  labels: LabelSet,
  changes: Iterable<readonly [label: string, presence: Presence]>,
): LabelSet {
  return { ...labels, known: new Map([...labels.known, ...changes]) };
}

/** The labels of either of two sets, of which nobody knows which it will be. */
export function eitherOf(one: LabelSet, other: LabelSet): LabelSet {
  const names = [...one.known.keys(), ...other.known.keys()];
  return {
    known: new Map(names.map((name) => [name, same(presenceOf(one, name), presenceOf(other, name))])),
    others: one.others === 'maybe' || other.others === 'maybe' ? 'maybe' : 'never',
  };
}

function same(one: Presence, other: Presence): Presence {
  return one === other ? one : 'maybe';
}

/** Which labels the result of an expression carries, found by walking it as Prometheus evaluates it. */
export function labelsOf(expression: Expression, seriesLabels: LabelsOfSeries): LabelSet {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return NO_LABELS;
    case 'paren':
    case 'unary':
    case 'range':
    case 'subquery':
      return labelsOf(expression.of, seriesLabels);
    case 'selector':
      return selectedLabels(expression, seriesLabels);
    case 'call':
      return callLabels(expression, seriesLabels);
    case 'aggregation':
      return aggregatedLabels(expression, seriesLabels);
    case 'binary':
      return joinedLabels(expression, seriesLabels);
  }
}

function selectedLabels({ name, matchers }: Selector, seriesLabels: LabelsOfSeries): LabelSet {
  return withLabels(seriesLabels(name) ?? ANY_LABELS, matchers.flatMap(matchedLabel));
}

/** A matcher that the empty text does not pass proves its label; one that only the empty text passes rules it out. */
function matchedLabel({ label, operator, value }: Matcher): readonly (readonly [string, Presence])[] {
  if (label === '__name__') return [];
  if (operator === '=') return [[label, value === '' ? 'never' : 'always']];
  if (operator === '!=') return value === '' ? [[label, 'always']] : [];
  if (operator === '=~') return value === '.+' || /^[\w|.-]*\w$/.test(value) ? [[label, 'always']] : [];
  return [];
}

const WITHOUT_LABELS = ['vector', 'time', 'scalar', 'pi'];

function callLabels(call: Call, seriesLabels: LabelsOfSeries): LabelSet {
  const subject = call.function.startsWith('label_') ? call.args[0] : subjectOf(call);
  if (WITHOUT_LABELS.includes(call.function) || subject === undefined) return NO_LABELS;
  if (call.function === 'absent' || call.function === 'absent_over_time') return absentLabels(subject);
  const labels = labelsOf(subject, seriesLabels);
  if (call.function === 'histogram_quantile') return withLabels(labels, [['le', 'never']]);
  if (call.function.startsWith('label_')) {
    const target = call.args[1];
    return target?.kind === 'string' ? withLabels(labels, [[target.value, 'maybe']]) : labels;
  }
  return labels;
}

/** `absent(x{a="b"})` carries what its selector says by `=`, and nothing else. */
function absentLabels(subject: Expression): LabelSet {
  const selector = subject.kind === 'range' ? subject.of : subject;
  if (selector.kind !== 'selector') return NO_LABELS;
  const said = selector.matchers.filter(({ operator, value }) => operator === '=' && value !== '');
  return { known: new Map(said.map(({ label }) => [label, 'always'])), others: 'never' };
}

function aggregatedLabels(aggregation: Aggregation, seriesLabels: LabelsOfSeries): LabelSet {
  const subject = subjectOf(aggregation);
  const inner = subject === undefined ? NO_LABELS : labelsOf(subject, seriesLabels);
  if (PICKING_AGGREGATIONS.includes(aggregation.operator)) return inner;
  const names = aggregation.grouping?.names.map(({ name }) => name) ?? [];
  const kept =
    aggregation.grouping?.mode === 'without'
      ? withLabels(
          inner,
          names.map((name) => [name, 'never']),
        )
      : withLabels(
          NO_LABELS,
          names.map((name) => [name, presenceOf(inner, name)]),
        );
  const [label] = aggregation.args;
  return aggregation.operator === 'count_values' && label?.kind === 'string'
    ? withLabels(kept, [[label.value, 'always']])
    : kept;
}

function joinedLabels({ operator, matching, left, right }: Binary, seriesLabels: LabelsOfSeries): LabelSet {
  const [ofLeft, ofRight] = [labelsOf(left, seriesLabels), labelsOf(right, seriesLabels)];
  if (operator === 'or') return eitherOf(ofLeft, ofRight);
  if (SET_OPERATORS.includes(operator) || isScalar(right)) return ofLeft;
  if (isScalar(left)) return ofRight;
  if (matching?.many !== undefined) {
    const [many, one] = matching.many.side === 'left' ? [ofLeft, ofRight] : [ofRight, ofLeft];
    return withLabels(
      many,
      matching.many.include.map((name) => [name, presenceOf(one, name)]),
    );
  }
  if (matching?.mode === 'on')
    return withLabels(
      NO_LABELS,
      matching.labels.map((name) => [name, presenceOf(ofLeft, name)]),
    );
  const ignored = new Set(matching?.labels);
  // One to one: what is not ignored is equal on both sides, so it is on both or on neither.
  const known = [...ofLeft.known.keys(), ...ofRight.known.keys()].map((name) => {
    const proven = [presenceOf(ofLeft, name), presenceOf(ofRight, name)];
    return [name, proven.find((presence) => presence !== 'maybe') ?? 'maybe'] as const;
  });
  return withLabels(
    { known: new Map(known), others: bothOpen(ofLeft, ofRight) },
    [...ignored].map((name) => [name, 'never']),
  );
}

function bothOpen(one: LabelSet, other: LabelSet): 'maybe' | 'never' {
  return one.others === 'maybe' && other.others === 'maybe' ? 'maybe' : 'never';
}
