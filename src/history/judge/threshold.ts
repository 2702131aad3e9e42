import { type Token, tokensOf } from '../rules/tokens.ts';

/** The number that the left-most part of an alert's expression is compared with. */
export interface Threshold {
  readonly operator: '>' | '>=' | '<' | '<=';
  readonly value: number;
  /** As it is written: `> 0.05`. */
  readonly text: string;
  /** The expression without the comparison: the values that are compared, wherever all other conditions hold. */
  readonly relaxed: string;
  /** The expression where the comparison is never true: what fires whatever the threshold is. Undefined: nothing does. */
  readonly rest: string | undefined;
}

const COMPARISONS: ReadonlySet<string> = new Set(['>', '>=', '<', '<=', '==', '!=']);
const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
const OF_AGGREGATION: ReadonlySet<string> = new Set(['by', 'without']);
const OF_MATCHING: ReadonlySet<string> = new Set(['on', 'ignoring', 'group_left', 'group_right']);

/**
 * Finds the threshold of an alert, or says why it has none that could be moved. Only the first comparison is looked at, and only where the
 * values that it lets through are those of the whole expression: before it stands no `and`, `or` or `unless`, and it is in no function.
 */
export function findThreshold(expression: string): Threshold | string {
  const tokens = tokensOf(expression);
  const at = firstComparison(tokens);
  if (typeof at === 'string') return at;
  const operator = tokens[at];
  const constant = readConstant(tokens, at + 1);
  if (operator === undefined || !isOrdering(operator.text)) return 'it is no comparison of size';
  if (tokens[at + 1]?.text === 'bool') return 'its comparison gives 0 and 1';
  if (!tokens.slice(0, at).some(({ kind }) => kind === 'name')) return 'its left side is a number';
  if (constant === undefined) return 'it compares two series';
  const end = tokens[constant.end - 1]?.end ?? expression.length;
  const around = (comparison: string) => expression.slice(0, operator.start) + comparison + expression.slice(end);
  const impossible = operator.text.startsWith('>') ? '> +Inf' : '< -Inf';
  return {
    operator: operator.text,
    value: constant.value,
    text: expression.slice(operator.start, end),
    relaxed: around(''),
    rest: tokens.some(({ text }) => text.toLowerCase() === 'or') ? around(impossible) : undefined,
  };
}

/** Whether a value is beyond a threshold. */
export function isBeyond(value: number, operator: Threshold['operator'], threshold: number): boolean {
  switch (operator) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
    default:
      return operator satisfies never;
  }
}

function isOrdering(text: string): text is Threshold['operator'] {
  return text === '>' || text === '>=' || text === '<' || text === '<=';
}

function firstComparison(tokens: readonly Token[]): number | string {
  /** For each parenthesis that is open: whether it is of a function. */
  const open: boolean[] = [];
  let braces = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const { kind, text } = tokens[at] ?? NOTHING;
    if (kind === 'sign' && '{['.includes(text)) braces += 1;
    else if (kind === 'sign' && '}]'.includes(text)) braces -= 1;
    else if (braces > 0) continue;
    else if (text === '(' && isLabelList(tokens, at)) at = closing(tokens, at);
    else if (text === '(') open.push(isOfFunction(tokens, at));
    else if (text === ')') open.pop();
    else if (open.includes(true)) continue;
    else if (kind === 'name' && SET_OPERATORS.has(text.toLowerCase()))
      return `its first comparison is behind an "${text}"`;
    else if (kind === 'sign' && COMPARISONS.has(text)) return at;
  }
  return 'it compares with nothing';
}

const NOTHING: Token = { kind: 'sign', text: '', start: 0, end: 0 };

function isLabelList(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]?.text.toLowerCase() ?? '';
  return OF_AGGREGATION.has(before) || OF_MATCHING.has(before);
}

/** `rate(`, and `(` behind `sum by (model)`. */
function isOfFunction(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (before?.kind === 'name')
    return !SET_OPERATORS.has(before.text.toLowerCase()) && !OF_MATCHING.has(before.text.toLowerCase());
  if (before?.text !== ')') return false;
  const opening = tokens.findLastIndex(({ text }, index) => index < at && text === '(');
  return OF_AGGREGATION.has(tokens[opening - 1]?.text.toLowerCase() ?? '');
}

function closing(tokens: readonly Token[], from: number): number {
  const found = tokens.findIndex(({ text }, at) => at > from && text === ')');
  return found === -1 ? tokens.length : found;
}

interface Constant {
  readonly value: number;
  /** The place behind it. */
  readonly end: number;
}

/** A number, or a product or quotient of numbers (`14.4 * 0.001`), behind which the comparison ends. */
function readConstant(tokens: readonly Token[], from: number): Constant | undefined {
  const first = readOperand(tokens, from);
  if (first === undefined) return undefined;
  let { value, end } = first;
  for (;;) {
    const sign = tokens[end]?.text;
    if (sign !== '*' && sign !== '/') break;
    const next = readOperand(tokens, end + 1);
    if (next === undefined) return undefined;
    value = sign === '*' ? value * next.value : value / next.value;
    end = next.end;
  }
  const after = tokens[end];
  return after === undefined || after.text === ')' || SET_OPERATORS.has(after.text.toLowerCase())
    ? { value, end }
    : undefined;
}

function readOperand(tokens: readonly Token[], from: number): Constant | undefined {
  const { kind, text } = tokens[from] ?? NOTHING;
  if (text === '-') {
    const rest = readOperand(tokens, from + 1);
    return rest && { value: -rest.value, end: rest.end };
  }
  if (text === '(') {
    const inside = readConstant(tokens, from + 1);
    return inside !== undefined && tokens[inside.end]?.text === ')' ? { ...inside, end: inside.end + 1 } : undefined;
  }
  const value = Number(text);
  return kind === 'number' && Number.isFinite(value) ? { value, end: from + 1 } : undefined;
}
