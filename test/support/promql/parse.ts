import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import type {
  Aggregation,
  Binary,
  Duration,
  Expression,
  LabelList,
  Matcher,
  Matching,
  Range,
  Selector,
  Span,
  Subquery,
} from './expression.ts';
import { readDuration, readNumber, unquote } from './literals.ts';

/** Something that is no PromQL, or that Prometheus 2.42 does not know. */
export interface SyntaxFault extends Span {
  readonly message: string;
}

export type Parsed =
  | { readonly expression: Expression; readonly faults: readonly [] }
  | { readonly expression?: undefined; readonly faults: readonly [SyntaxFault, ...SyntaxFault[]] };

/** Thrown inside, for the first thing that cannot be read. */
class Unreadable extends Error {
  readonly fault: SyntaxFault;

  constructor(message: string, { from, to }: Span) {
    super(message);
    this.fault = { message, from, to };
  }
}

/**
 * Reads PromQL. Shape only: that `rate(up)` lacks its range is for promtool to say. What needs a feature flag
 * or a Prometheus after 2.42 (`fill`, `anchored`, `smoothed`, arithmetic of durations) is a fault, too.
 */
export function parsePromql(text: string): Parsed {
  const tree = parser.parse(text);
  const faults: SyntaxFault[] = [];
  tree.iterate({
    enter({ type, from, to }) {
      if (type.isError) faults.push({ from, to, message: `not PromQL at "${excerpt(text, from)}"` });
    },
  });
  const [first, ...others] = faults;
  if (first !== undefined) return { faults: [first, ...others] };
  const [root] = children(tree.topNode);
  if (root === undefined) return { faults: [{ from: 0, to: text.length, message: 'there is no expression' }] };
  try {
    return { expression: read(text, root), faults: [] };
  } catch (error) {
    if (error instanceof Unreadable) return { faults: [error.fault] };
    throw error;
  }
}

/** As parsePromql, for text that a test wrote itself. */
export function promqlOf(text: string): Expression {
  const { expression, faults } = parsePromql(text);
  if (expression === undefined) throw new Error(`${faults[0].message} in ${text}`);
  return expression;
}

function excerpt(text: string, from: number): string {
  return from >= text.length ? 'its end' : text.slice(from, from + 20);
}

function children(node: SyntaxNode): SyntaxNode[] {
  const list: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') list.push(child);
  }
  return list;
}

const OPERATORS: Readonly<Record<string, string>> = {
  Pow: '^',
  Mul: '*',
  Div: '/',
  Mod: '%',
  Add: '+',
  Sub: '-',
  Atan2: 'atan2',
  Eql: '==',
  Neq: '!=',
  Gtr: '>',
  Lss: '<',
  Gte: '>=',
  Lte: '<=',
  And: 'and',
  Or: 'or',
  Unless: 'unless',
};

function read(text: string, node: SyntaxNode): Expression {
  switch (node.name) {
    case 'VectorSelector':
      return selector(text, node);
    case 'MatrixSelector':
    case 'SubqueryExpr':
      return ranged(text, node);
    case 'OffsetExpr':
      return offset(text, node);
    case 'StepInvariantExpr':
      return { ...read(text, first(node)), ...spanOf(node) };
    case 'FunctionCall': {
      const [name, body] = children(node);
      if (!name || !body) throw new Unreadable('a call of nothing', node);
      return { kind: 'call', ...spanOf(node), function: textOf(text, name), args: args(text, body) };
    }
    case 'AggregateExpr':
      return aggregation(text, node);
    case 'BinaryExpr':
      return binary(text, node);
    case 'UnaryExpr': {
      const [operator, of] = children(node);
      if (!operator || !of) throw new Unreadable('a sign of nothing', node);
      return { kind: 'unary', ...spanOf(node), operator: textOf(text, operator), of: read(text, of) };
    }
    case 'ParenExpr':
      return { kind: 'paren', ...spanOf(node), of: read(text, first(node)) };
    case 'NumberDurationLiteral':
      return { kind: 'number', ...spanOf(node), value: readNumber(textOf(text, node)) };
    case 'StringLiteral':
      return { kind: 'string', ...spanOf(node), value: unquote(textOf(text, node)) };
    default:
      throw new Unreadable(`${node.name} is not in Prometheus 2.42`, node);
  }
}

function textOf(text: string, { from, to }: Span): string {
  return text.slice(from, to);
}

function spanOf({ from, to }: Span): Span {
  return { from, to };
}

function first(node: SyntaxNode): SyntaxNode {
  const [child] = children(node);
  if (child === undefined) throw new Unreadable(`${node.name} is empty`, node);
  return child;
}

function args(text: string, node: SyntaxNode): Expression[] {
  return children(node).map((child) => read(text, child));
}

function labelsIn(text: string, node: SyntaxNode): LabelList {
  const names = children(node).map((label) => ({ ...spanOf(label), name: unquote(textOf(text, label)) }));
  return { ...spanOf(node), names };
}

function selector(text: string, node: SyntaxNode): Selector {
  const name = children(node).find(({ name: kind }) => kind === 'Identifier');
  const braces = children(node).find(({ name: kind }) => kind === 'LabelMatchers');
  const matchers = braces === undefined ? [] : children(braces).map((child) => matcher(text, child));
  return { kind: 'selector', ...spanOf(node), name: name === undefined ? '' : textOf(text, name), matchers };
}

function matcher(text: string, node: SyntaxNode): Matcher {
  const [label, operator, value] = children(node);
  if (label === undefined || operator === undefined || value === undefined)
    throw new Unreadable(`"${textOf(text, node)}" needs Prometheus 3`, node);
  return {
    ...spanOf(node),
    label: textOf(text, label),
    // Safe: the grammar knows these four.
    operator: textOf(text, operator) as Matcher['operator'],
    value: unquote(textOf(text, value)),
    valueSpan: spanOf(value),
  };
}

function ranged(text: string, node: SyntaxNode): Range | Subquery {
  const [inner, range] = children(node);
  const of = inner && read(text, inner);
  if (of === undefined || range === undefined) throw new Unreadable('a range of nothing', node);
  const common = { ...spanOf(node), range: duration(text, range) };
  if (node.name === 'SubqueryExpr') return { kind: 'subquery', ...common, of };
  if (of.kind !== 'selector') throw new Unreadable('a range of something that is no selector', node);
  return { kind: 'range', ...common, of };
}

function duration(text: string, node: Span): Duration {
  const seconds = readDuration(textOf(text, node));
  if (seconds === undefined) throw new Unreadable(`"${textOf(text, node)}" is no duration of Prometheus 2.42`, node);
  return { ...spanOf(node), seconds };
}

function offset(text: string, node: SyntaxNode): Expression {
  const [inner, , length] = children(node);
  const of = inner && read(text, inner);
  if (length === undefined || (of?.kind !== 'selector' && of?.kind !== 'range' && of?.kind !== 'subquery'))
    throw new Unreadable('an offset of something that is no selector', node);
  const isNegative = textOf(text, length).startsWith('-');
  const { seconds } = duration(text, { from: length.from + (isNegative ? 1 : 0), to: length.to });
  return { ...of, ...spanOf(node), offset: { ...spanOf(length), seconds: isNegative ? -seconds : seconds } };
}

function aggregation(text: string, node: SyntaxNode): Aggregation {
  const [operator, ...rest] = children(node);
  const body = rest.find(({ name }) => name === 'FunctionCallBody');
  const modifier = rest.find(({ name }) => name === 'AggregateModifier');
  if (operator === undefined || body === undefined) throw new Unreadable('an aggregation of nothing', node);
  const [mode, list] = modifier === undefined ? [] : children(modifier);
  return {
    kind: 'aggregation',
    ...spanOf(node),
    operator: textOf(text, operator).toLowerCase(),
    args: args(text, body),
    ...(mode && list && { grouping: { ...labelsIn(text, list), mode: mode.name === 'By' ? 'by' : 'without' } }),
  };
}

function binary(text: string, node: SyntaxNode): Binary {
  const [left, operator, ...rest] = children(node);
  const right = rest.at(-1);
  const symbol = OPERATORS[operator?.name ?? ''];
  const modifiers = rest.slice(0, -1);
  const unknown = modifiers.find(({ name }) => name !== 'BoolModifier' && name !== 'MatchingModifierClause');
  if (!left || !operator || !right || symbol === undefined || unknown) {
    const culprit = unknown ?? operator ?? node;
    throw new Unreadable(`"${textOf(text, culprit)}" is not in Prometheus 2.42`, culprit);
  }
  const clause = modifiers.find(({ name }) => name === 'MatchingModifierClause');
  return {
    kind: 'binary',
    ...spanOf(node),
    operator: symbol,
    operatorSpan: spanOf(operator),
    bool: modifiers.some(({ name }) => name === 'BoolModifier'),
    ...(clause && { matching: matching(text, clause) }),
    left: read(text, left),
    right: read(text, right),
  };
}

function matching(text: string, node: SyntaxNode): Matching {
  const [mode, labels, side, include] = children(node);
  const names = (list: SyntaxNode | undefined) => (list ? labelsIn(text, list).names.map(({ name }) => name) : []);
  const given: Matching = { mode: mode?.name === 'On' ? 'on' : 'ignoring', labels: names(labels) };
  if (side === undefined) return given;
  return { ...given, many: { side: side.name === 'GroupLeft' ? 'left' : 'right', include: names(include) } };
}
