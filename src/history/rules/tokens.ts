/** One word of a PromQL expression. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'sign';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Comments and spaces, strings, numbers and durations, names, signs of one or two characters (Prometheus, promql/parser/lex.go). */
const TOKEN =
  /(?<skip>\s+|#[^\n]*)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?<number>0[xX][\da-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*)?)|(?<name>[a-zA-Z_:][\w:]*)|(?<sign>[=!<>]=|=~|!~|.)/gsy;

/** Takes an expression apart. It is for expressions that Prometheus takes: of others it makes something, and Prometheus says what is wrong. */
export function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const { 0: text, index, groups = {} } of expression.matchAll(TOKEN)) {
    if (groups.skip !== undefined) continue;
    const kind = KINDS.find((one) => groups[one] !== undefined) ?? 'sign';
    tokens.push({ kind, text, start: index, end: index + text.length });
  }
  return tokens;
}

const KINDS = ['string', 'number', 'name', 'sign'] as const;
