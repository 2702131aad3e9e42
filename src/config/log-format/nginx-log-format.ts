import { splitTemplate, type TemplatePart } from './log-template.ts';

/** A log_format as nginx understands it. */
export interface NginxLogFormat {
  readonly template: string;
  /** `escape=`: how nginx writes special characters of values; `default` is \x22. */
  readonly escape: (typeof ESCAPES)[number];
}

const ESCAPES = ['default', 'json', 'none'] as const;

/** `log_format main escape=json '…' '…';`, up to its first piece. */
const DIRECTIVE = /^log_format\s+\S+\s+/;
const ESCAPE_PARAMETER = /^escape=(\w+)\s+/;

/**
 * Reads a log_format as users write it: the plain string, the quoted pieces of nginx.conf, or the whole directive. Answers with what is
 * wrong with it, in the words that follow "log_format".
 *
 * A text that begins with a double quote is taken for the plain string, because `"$request" $status` is one; in the directive both kinds of
 * quotes are read (https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format).
 */
export function readNginxLogFormat(written: string): NginxLogFormat | string {
  let rest = written.trim();
  const directive = DIRECTIVE.exec(rest)?.[0] ?? '';
  rest = rest.slice(directive.length);
  const [parameter = '', name] = ESCAPE_PARAMETER.exec(rest) ?? [];
  rest = rest.slice(parameter.length);
  const named = ESCAPES.find((known) => known === name);
  if (name !== undefined && named === undefined) return `has escape=${name}, which is none of ${ESCAPES.join(', ')}`;
  const isQuoted = rest.startsWith("'") || (rest.startsWith('"') && directive !== '');
  const template = isQuoted ? joinPieces(rest) : rest;
  if (template === undefined) return 'has a quote that is opened and not closed, or text outside of its quotes';
  // A string without the parameter says nothing of escapes; one that is JSON is of use to nobody with others.
  return faultOf(template) ?? { template, escape: named ?? (template.startsWith('{') ? 'json' : 'default') };
}

function faultOf(template: string): string | undefined {
  const parts = splitTemplate(template);
  if (parts.some((part) => typeof part === 'string' && part.includes('$')))
    return 'has a $ without the name of a variable';
  const [left, right] = neighbours(parts) ?? [];
  if (left !== undefined)
    return `has nothing between $${left} and $${right}, so nobody can tell where one ends: write a space or a quote there`;
  const names = new Set(parts.map((part) => (typeof part === 'string' ? '' : part.variable)));
  return names.has('status') ? undefined : 'has no $status, and without it no request can be counted';
}

/** Variables whose value is read as a whole; pieces of a URL (`$host$request_uri`) may stand side by side. */
const READ_WHOLE =
  /^(?:status|msec|time_local|time_iso8601|request_time|req_id|upstream_(?:status|\w+_time))$|(?:^|_)(?:model(?:_name|_id)?|stream(?:ing)?|request_id|error_(?:code|type|message)|(?:input|prompt|output|completion)_tokens|ttft|first_token)$/;

/** The first two variables without anything between them of which one is read. */
function neighbours(parts: readonly TemplatePart[]): readonly [string, string] | undefined {
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1];
    if (typeof part === 'string' || next === undefined || typeof next === 'string') continue;
    if (READ_WHOLE.test(part.variable) || READ_WHOLE.test(next.variable)) return [part.variable, next.variable];
  }
  return undefined;
}

/** What nginx unescapes inside quotes (ngx_conf_read_token). */
const UNESCAPED: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', '"': '"', "'": "'", '\\': '\\' };

/** Joins `'…' "…";` as nginx does; comments between the pieces are skipped. Undefined when it does not add up. */
function joinPieces(text: string): string | undefined {
  let joined = '';
  let at = 0;
  while (at < text.length) {
    const between = /^(?:\s+|#.*)*/.exec(text.slice(at))?.[0] ?? '';
    at += between.length;
    const quote = text[at];
    if (quote === undefined || (quote === ';' && text.slice(at + 1).trim() === '')) return joined;
    if (quote !== "'" && quote !== '"') return undefined;
    const end = closingQuote(text, at + 1, quote);
    if (end === -1) return undefined;
    joined += text
      .slice(at + 1, end)
      .replace(/\\(["'\\trn])/g, (_all, escaped: string) => UNESCAPED[escaped] ?? escaped);
    at = end + 1;
  }
  return joined;
}

function closingQuote(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}
