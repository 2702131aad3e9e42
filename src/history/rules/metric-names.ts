import { type Token, tokensOf } from './tokens.ts';

/** What may stand where a metric's name may, and is none. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...['and', 'or', 'unless', 'atan2', 'offset', 'bool', 'start', 'end', 'inf', 'nan'],
  ...['sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar', 'topk', 'bottomk', 'count_values', 'quantile'],
]);
/** A list of labels in parentheses follows, or may follow. */
const BEFORE_LABELS: ReadonlySet<string> = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);

/** The names of the metrics that an expression reads, each once. */
export function metricNames(expression: string): readonly string[] {
  const tokens = tokensOf(expression);
  const names = new Set<string>();
  let at = 0;
  while (at < tokens.length) {
    const { kind, text } = tokens[at] ?? END;
    const next = tokens[at + 1]?.text;
    if (kind === 'name' && BEFORE_LABELS.has(text.toLowerCase()))
      at = next === '(' ? after(')', tokens, at + 1) : at + 1;
    else if (kind === 'sign' && text === '[') at = after(']', tokens, at);
    else if (kind === 'sign' && text === '{') {
      const end = after('}', tokens, at);
      for (const name of namedInside(tokens.slice(at, end))) names.add(name);
      at = end;
    } else {
      if (kind === 'name' && next !== '(' && !KEYWORDS.has(text.toLowerCase())) names.add(text);
      at += 1;
    }
  }
  return [...names];
}

const END: Token = { kind: 'sign', text: '', start: 0, end: 0 };

/** The place behind the sign that closes what is opened at `from`. */
function after(close: string, tokens: readonly Token[], from: number): number {
  const found = tokens.findIndex(({ kind, text }, at) => at > from && kind === 'sign' && text === close);
  return found === -1 ? tokens.length : found + 1;
}

/** `{__name__="up"}` */
function namedInside(matchers: readonly Token[]): readonly string[] {
  return matchers.flatMap(({ text }, at) => {
    const value = matchers[at + 2];
    return text === '__name__' && matchers[at + 1]?.text === '=' && value !== undefined
      ? [value.text.slice(1, -1)]
      : [];
  });
}
