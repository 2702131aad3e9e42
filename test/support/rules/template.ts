/** A PromQL query inside an alert text, and the labels the text reads from its result. */
export interface TemplateQuery {
  /** What `printf` fills in stands as the text `%q`. */
  readonly promql: string;
  readonly reads: readonly string[];
}

/** What a text of an alert refers to. */
export interface Template {
  /** Names behind `$labels.`. */
  readonly labels: readonly string[];
  /** Each `{{ $value … }}` and `{{ … | value … }}` as written. */
  readonly values: readonly string[];
  readonly queries: readonly TemplateQuery[];
  /** What Go's templates would refuse. */
  readonly faults: readonly string[];
}

/** Stands for a value that is known only when the alert fires. */
export const FILLED_IN = '%q';

interface Block {
  readonly query?: { readonly promql: string; readonly reads: string[] };
}

/**
 * Reads a Go template as Prometheus' alert texts use it: actions with pipes, blocks with `end`. Prometheus finds a
 * mistake in one only when the alert fires, and then sends `<error expanding template>`.
 */
export function readTemplate(text: string): Template {
  const labels = new Set<string>();
  const values: string[] = [];
  const queries: TemplateQuery[] = [];
  const faults: string[] = [];
  const blocks: Block[] = [];
  const rest = text.replace(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (_, action: string) => {
    for (const [, name = ''] of action.matchAll(/(?:\$labels|\.Labels)\.(\w+)/g)) labels.add(name);
    if (/\$value|\.Value|\|\s*value\b/.test(action)) values.push(action);
    const promql = queryOf(action);
    const query = promql === undefined ? undefined : { promql, reads: readsOf(action) };
    if (query !== undefined) queries.push(query);
    else for (const block of blocks) block.query?.reads.push(...readsOf(action));
    if (/^(?:if|with|range|define|block)\b/.test(action)) blocks.push(query === undefined ? {} : { query });
    if (action === 'end' && blocks.pop() === undefined) faults.push('an "end" too many');
    return '';
  });
  if (/\{\{|\}\}/.test(rest)) faults.push('braces that are not closed');
  if (blocks.length > 0) faults.push(`${blocks.length} "end" too few`);
  return { labels: [...labels], values, queries, faults };
}

/** `printf "up{job=%q}" $labels.job | query` or `query "up"`. */
function queryOf(action: string): string | undefined {
  if (!/\bquery\b/.test(action)) return undefined;
  const [, literal] = /(?:printf|query)\s+("(?:[^"\\]|\\.)*"|`[^`]*`)/.exec(action) ?? [];
  if (literal === undefined) return undefined;
  const text = literal.startsWith('`') ? literal.slice(1, -1) : literal.slice(1, -1).replace(/\\(.)/g, '$1');
  return text.replaceAll('%q', `"${FILLED_IN}"`).replaceAll(/%[sv]/g, FILLED_IN);
}

function readsOf(action: string): string[] {
  return [...action.matchAll(/\blabel\s+"(\w+)"/g)].map(([, name = '']) => name);
}
