import {
  type Aggregation,
  COMPARISONS,
  type Expression,
  everyOf,
  everyPart,
  PICKING_AGGREGATIONS,
  SET_OPERATORS,
  type Selector,
  type Span,
} from '../../promql/expression.ts';
import { labelsOf, presenceOf } from '../../promql/labels.ts';
import { formatSeconds, quote } from '../../promql/literals.ts';
import { type RuleSet, selectorsOf } from '../rule-set.ts';

/** One fault put into an expression. */
export interface Edit {
  /** What was done, for people and for the list of equivalent mutants. */
  readonly change: string;
  readonly expr: string;
}

export interface EditContext {
  readonly set: RuleSet;
  /** Closed sets: a value of one of these labels is swapped for another of the same set. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** Labels of an instance: dropped together within a rule, and one by one in the whole file. */
  readonly instanceLabels: readonly string[];
}

const SHOWN = { start: 50, end: 30 };

/** On one line, its middle left out where it is long: a threshold stands at the end. */
function shown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const isShort = line.length <= SHOWN.start + SHOWN.end;
  return isShort ? line : `${line.slice(0, SHOWN.start)}…${line.slice(-SHOWN.end)}`;
}

function replaced(text: string, { from, to }: Span, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

/** Every mutant of an expression: one small fault in each. */
export function editsOf(text: string, expression: Expression, context: EditContext): readonly Edit[] {
  return [
    ...droppedOperands(text, expression),
    ...flippedComparisons(text, expression),
    ...otherNumbers(text, expression),
    ...otherMatchers(text, expression, context),
    ...otherGroupings(text, expression, context),
    ...otherWindows(text, expression),
  ];
}

function droppedOperands(text: string, expression: Expression): readonly Edit[] {
  return everyOf(expression, 'binary')
    .filter(({ expression: { operator } }) => SET_OPERATORS.includes(operator))
    .flatMap(({ expression: binary }) =>
      [binary.left, binary.right].map((kept) => {
        const dropped = kept === binary.left ? binary.right : binary.left;
        return {
          change: `drop the ${kept === binary.left ? 'right' : 'left'} of ${binary.operator}: ${shown(text.slice(dropped.from, dropped.to))}`,
          expr: replaced(text, binary, text.slice(kept.from, kept.to)),
        };
      }),
    );
}

const OPPOSITE: Readonly<Record<string, string>> = {
  '>': '<=',
  '<=': '>',
  '<': '>=',
  '>=': '<',
  '==': '!=',
  '!=': '==',
};

function flippedComparisons(text: string, expression: Expression): readonly Edit[] {
  return everyOf(expression, 'binary')
    .filter(({ expression: { operator } }) => COMPARISONS.includes(operator))
    .map(({ expression: { operator, operatorSpan, left, right } }) => ({
      change: `flip ${operator} in ${shown(text.slice(left.from, right.to))}`,
      expr: replaced(text, operatorSpan, OPPOSITE[operator] ?? operator),
    }));
}

/** 0 has no double: what compares with 0 is flipped above. */
function otherNumbers(text: string, expression: Expression): readonly Edit[] {
  return everyOf(expression, 'number')
    .filter(({ expression: { value } }) => value !== 0 && Number.isFinite(value))
    .flatMap(({ expression: number, around: [outer] }) =>
      [2, 0.5].map((factor) => {
        const value = String(Number((number.value * factor).toPrecision(6)));
        const where = outer === undefined ? '' : ` in ${shown(text.slice(outer.from, outer.to))}`;
        return { change: `${number.value} to ${value}${where}`, expr: replaced(text, number, value) };
      }),
    );
}

function otherMatchers(text: string, expression: Expression, { values }: EditContext): readonly Edit[] {
  return selectorsOf(expression).flatMap((selector) => {
    const where = shown(text.slice(selector.from, selector.to));
    return selector.matchers.flatMap((matcher, index) => {
      const lists = otherLists(matcher.value.split('|'), values[matcher.label] ?? []);
      return [
        ...droppedMatcher(text, selector, index),
        ...lists.map(({ change, list }) => ({
          change: `${matcher.label}: ${change} in ${where}`,
          expr: replaced(text, matcher.valueSpan, quote(list.join('|'))),
        })),
      ];
    });
  });
}

/** Longer lists come from a table: that each half of it matters is enough. */
const LONG_LIST = 4;

function otherLists(
  selected: readonly string[],
  set: readonly string[],
): readonly { readonly change: string; readonly list: readonly string[] }[] {
  if (!selected.every((value) => set.includes(value))) return [];
  if (selected.length > LONG_LIST) {
    const middle = Math.ceil(selected.length / 2);
    return [
      { change: `only up to ${selected[middle - 1]}`, list: selected.slice(0, middle) },
      { change: `only from ${selected[middle]} on`, list: selected.slice(middle) },
    ];
  }
  return selected.flatMap((value) => {
    const other = otherValue(set, value, selected);
    return other === undefined
      ? []
      : [{ change: `${value} to ${other}`, list: selected.map((each) => (each === value ? other : each)) }];
  });
}

/** The next of the set that is not selected already. */
function otherValue(set: readonly string[], value: string, selected: readonly string[]): string | undefined {
  const index = set.indexOf(value);
  if (index < 0) return undefined;
  return [...set.slice(index), ...set.slice(0, index)].find((other) => !selected.includes(other));
}

function droppedMatcher(text: string, { from, to, name, matchers }: Selector, index: number): readonly Edit[] {
  const matcher = matchers[index];
  // A selector must be left with a name or a matcher.
  if (matcher === undefined || (name === '' && matchers.length === 1)) return [];
  const [before, after] = [matchers[index - 1], matchers[index + 1]];
  const span = {
    from: before === undefined ? matcher.from : before.to,
    to: before ? matcher.to : (after?.from ?? matcher.to),
  };
  const where = shown(text.slice(from, to));
  return [{ change: `drop ${text.slice(matcher.from, matcher.to)} in ${where}`, expr: replaced(text, span, '') }];
}

/** A label more or less survives: instances are told apart, or models mixed. */
function otherGroupings(text: string, expression: Expression, context: EditContext): readonly Edit[] {
  return everyOf(expression, 'aggregation')
    .filter(({ expression: { operator } }) => !PICKING_AGGREGATIONS.includes(operator))
    .flatMap(({ expression: aggregation }) => {
      const { grouping } = aggregation;
      if (grouping === undefined) return [];
      const names = grouping.names.map(({ name }) => name);
      const where = shown(text.slice(aggregation.from, aggregation.to));
      const edit = (change: string, list: readonly string[]): Edit => ({
        change: `${change} in ${where}`,
        expr: replaced(text, grouping, `(${list.join(', ')})`),
      });
      const without = (dropped: readonly string[]) => names.filter((name) => !dropped.includes(name));
      const shared = grouping.mode === 'without' ? names.filter((name) => context.instanceLabels.includes(name)) : [];
      return [
        ...without(shared).map((name) => edit(`drop ${name} from ${grouping.mode}`, without([name]))),
        ...(shared.length > 0 ? [edit('drop the labels of an instance from without', without(shared))] : []),
        ...mixedLabels(aggregation, context).map((name) => edit(`add ${name} to without`, [...names, name])),
      ];
    });
}

const IDENTITY = ['model', 'provider', 'source', 'code'];

function mixedLabels(aggregation: Aggregation, { set }: EditContext): readonly string[] {
  if (aggregation.grouping?.mode !== 'without') return [];
  const labels = labelsOf(aggregation, set.seriesLabels);
  return IDENTITY.filter((name) => presenceOf(labels, name) === 'always').slice(0, 1);
}

function otherWindows(text: string, expression: Expression): readonly Edit[] {
  return everyPart(expression).flatMap(({ expression: part }) => {
    const where = ` in ${shown(text.slice(part.from, part.to))}`;
    const edits: Edit[] = [];
    if (part.kind === 'range' || part.kind === 'subquery') {
      const longer = formatSeconds(part.range.seconds * 4);
      edits.push({
        change: `window ${formatSeconds(part.range.seconds)} to ${longer}${where}`,
        expr: replaced(text, part.range, longer),
      });
    }
    if ('offset' in part && part.offset !== undefined && part.offset.seconds !== 0)
      // Prometheus 2.42 knows no offset of 0.
      edits.push({ change: `offset to 1s${where}`, expr: replaced(text, part.offset, '1s') });
    return edits;
  });
}
