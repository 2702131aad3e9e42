/** Where something stands in the text of an expression: 0-based, `to` behind its last character. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** `code=~"503|504"`, its value without quotes. */
export interface Matcher extends Span {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
  /** The quoted value. */
  readonly valueSpan: Span;
}

/** An instant vector: `name{matchers} offset 1h`. */
export interface Selector extends Span {
  readonly kind: 'selector';
  /** Empty where only matchers select. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly offset?: Duration;
}

export interface Duration extends Span {
  readonly seconds: number;
}

/** A range vector of a selector: `up[5m]`. */
export interface Range extends Span {
  readonly kind: 'range';
  readonly of: Selector;
  readonly range: Duration;
  readonly offset?: Duration;
}

/** A range vector of any expression: `(a / b)[1h:5m]`. */
export interface Subquery extends Span {
  readonly kind: 'subquery';
  readonly of: Expression;
  readonly range: Duration;
  readonly offset?: Duration;
}

export interface Call extends Span {
  readonly kind: 'call';
  readonly function: string;
  readonly args: readonly Expression[];
}

/** Labels between parentheses, and where each stands. */
export interface LabelList extends Span {
  readonly names: readonly (Span & { readonly name: string })[];
}

export interface Aggregation extends Span {
  readonly kind: 'aggregation';
  readonly operator: string;
  readonly grouping?: LabelList & { readonly mode: 'by' | 'without' };
  /** The parameter of `topk`, `quantile` and their kind, then what is aggregated. */
  readonly args: readonly Expression[];
}

/** How the series of two sides find one another. */
export interface Matching {
  readonly mode: 'on' | 'ignoring';
  readonly labels: readonly string[];
  /** The side whose series may be many to one of the other, and the labels it gets from there. */
  readonly many?: { readonly side: 'left' | 'right'; readonly include: readonly string[] };
}

export interface Binary extends Span {
  readonly kind: 'binary';
  readonly operator: string;
  readonly operatorSpan: Span;
  /** `> bool`: gives 0 or 1 and drops nothing. */
  readonly bool: boolean;
  readonly matching?: Matching;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Unary extends Span {
  readonly kind: 'unary';
  readonly operator: string;
  readonly of: Expression;
}

export interface Paren extends Span {
  readonly kind: 'paren';
  readonly of: Expression;
}

export interface NumberLiteral extends Span {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringLiteral extends Span {
  readonly kind: 'string';
  readonly value: string;
}

export type Expression =
  | Selector
  | Range
  | Subquery
  | Call
  | Aggregation
  | Binary
  | Unary
  | Paren
  | NumberLiteral
  | StringLiteral;

export const COMPARISONS: readonly string[] = ['==', '!=', '>', '<', '>=', '<='];
export const SET_OPERATORS: readonly string[] = ['and', 'or', 'unless'];
/** Pick series of what they are given and keep all labels of those. */
export const PICKING_AGGREGATIONS: readonly string[] = ['topk', 'bottomk', 'limitk', 'limit_ratio'];

/** The direct parts of an expression, in their order. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'binary':
      return [expression.left, expression.right];
    case 'call':
    case 'aggregation':
      return expression.args;
    case 'range':
    case 'subquery':
    case 'unary':
    case 'paren':
      return [expression.of];
    case 'selector':
    case 'number':
    case 'string':
      return [];
  }
}

/** An expression with all around it, the nearest first. */
export interface Place<E extends Expression = Expression> {
  readonly expression: E;
  readonly around: readonly Expression[];
}

/** Every part of an expression, itself first, outer before inner. */
export function everyPart(expression: Expression, around: readonly Expression[] = []): readonly Place[] {
  const inner = partsOf(expression).flatMap((part) => everyPart(part, [expression, ...around]));
  return [{ expression, around }, ...inner];
}

/** Every part of one kind. */
export function everyOf<K extends Expression['kind']>(
  expression: Expression,
  kind: K,
): readonly Place<Extract<Expression, { kind: K }>>[] {
  const isKind = (place: Place): place is Place<Extract<Expression, { kind: K }>> => place.expression.kind === kind;
  return everyPart(expression).filter(isKind);
}

/** What parentheses hold, or the expression itself. */
export function bare(expression: Expression): Exclude<Expression, Paren> {
  return expression.kind === 'paren' ? bare(expression.of) : expression;
}

/** What a call or an aggregation is about: the argument that is no number and no text. */
export function subjectOf({ args }: Call | Aggregation): Expression | undefined {
  return args.findLast((arg) => !isScalar(arg) && arg.kind !== 'string') ?? args.at(-1);
}

/** Whether it gives one number without labels. */
export function isScalar(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
      return true;
    case 'paren':
    case 'unary':
      return isScalar(expression.of);
    case 'binary':
      return isScalar(expression.left) && isScalar(expression.right);
    case 'call':
      return ['scalar', 'time', 'pi'].includes(expression.function);
    default:
      return false;
  }
}
