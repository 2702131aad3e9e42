import { splitTemplate } from '../../../../config/log-format/log-template.ts';
import type { Escape } from '../log-format.ts';
import { unescapeValue } from './escape.ts';

/** The values of a line by their names, or undefined when the line is not written like this. */
export type TemplateMatcher = (line: string) => Readonly<Record<string, string>> | undefined;

/** One value and the text behind it. */
interface Step {
  /** More than one where nothing stands between variables: each of them gets all of the text. */
  readonly names: readonly string[];
  readonly literal: string;
  readonly isList: boolean;
}

/** nginx writes one part for each server it tried, with `, ` between them, and ` : ` between groups of servers. */
const LIST_VARIABLE = /^upstream_(?!http_|cookie_|trailer_|cache_)/;

/** Whether a value may hold the separators of nginx's lists. */
export function isListVariable(name: string): boolean {
  return LIST_VARIABLE.test(name);
}

/** nginx writes these without a space, so at the end of a template they do not stand for whatever the line goes on with. */
const ONE_WORD =
  /^(?:status|body_bytes_sent|bytes_sent|request_time|request_length|msec|connection|pid|request_id|req_id)$/;

/** Whether a value has no space in it when it is the last one of a line. */
export function isOneWord(name: string): boolean {
  return ONE_WORD.test(name);
}

/**
 * Compiles a template into a matcher. A value ends where the text behind it first occurs, and
 * - before a quote: not at a quote that is escaped, unless there is no other;
 * - in one of nginx's lists: not at the separators of the list;
 * - at the end of the template: where the line ends, so that the whole line is accounted for.
 * There is no going back to try another end: a line costs one look along it, whatever its client wrote into it.
 */
export function compileTemplate(template: string, escaping: Escape): TemplateMatcher {
  const { head, steps } = stepsOf(template);
  const last = steps.length - 1;
  return (line) => {
    if (!line.startsWith(head)) return undefined;
    const values: Record<string, string> = {};
    let at = head.length;
    for (const [index, step] of steps.entries()) {
      const end = index === last ? endOfLast(line, at, step) : endOfValue(line, at, step);
      if (end === -1) return undefined;
      const value = unescapeValue(line.slice(at, end), escaping);
      for (const name of step.names) values[name] = value;
      at = end + step.literal.length;
    }
    return at === line.length ? values : undefined;
  };
}

function stepsOf(template: string): { readonly head: string; readonly steps: readonly Step[] } {
  let head = '';
  const steps: Step[] = [];
  let names: string[] = [];
  const endStep = (literal: string) => {
    if (names.length === 0) head = literal;
    else steps.push({ names, literal, isList: names.length === 1 && isListVariable(names[0] ?? '') });
    names = [];
  };
  for (const part of splitTemplate(template)) {
    if (typeof part === 'string') endStep(part);
    else names.push(part.variable);
  }
  if (names.length > 0) endStep('');
  return { head, steps };
}

function endOfLast(line: string, at: number, { literal, names }: Step): number {
  const end = line.length - literal.length;
  if (end < at || !line.endsWith(literal)) return -1;
  if (isOneWord(names[0] ?? '') && line.indexOf(' ', at) !== -1) return -1;
  // A quote that is the line's last character must be the value's first.
  return literal.startsWith('"') && endOfQuoted(line, at, literal) !== end ? -1 : end;
}

function endOfValue(line: string, at: number, { literal, isList }: Step): number {
  if (literal.startsWith('"')) return endOfQuoted(line, at, literal);
  let end = line.indexOf(literal, at);
  if (isList) while (end !== -1 && isListSeparator(line, end)) end = line.indexOf(literal, end + 1);
  return end;
}

function endOfQuoted(line: string, at: number, literal: string): number {
  const first = line.indexOf(literal, at);
  let end = first;
  while (end !== -1 && isEscaped(line, at, end)) end = line.indexOf(literal, end + 1);
  // Envoy escapes nothing, so a backslash before the quote may be the value's own.
  return end === -1 ? first : end;
}

function isEscaped(line: string, from: number, at: number): boolean {
  let backslashes = 0;
  while (at - backslashes > from && line[at - backslashes - 1] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

/** Whether the place lies in `, ` or ` : `. */
function isListSeparator(line: string, at: number): boolean {
  if (line[at] === ',') return line[at + 1] === ' ';
  if (line[at] === ':') return line[at - 1] === ' ' && line[at + 1] === ' ';
  return line[at] === ' ' && (line[at - 1] === ',' || line.startsWith(' : ', at) || line.startsWith(' : ', at - 2));
}
