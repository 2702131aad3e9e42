import { BASIS_MEANING } from '../../classify/basis-meaning.ts';
import type { Judged } from '../../explain/explainer.ts';
import type { Unreadable } from '../../explain/item.ts';
import type { Verdict } from '../../explain/judge.ts';
import { field } from './layout.ts';
import type { Style } from './style.ts';

export interface Look {
  readonly width: number;
  readonly style: Style;
}

const UNREADABLE: Partial<Record<Unreadable, string>> = {
  no_answer: 'there is no answer in it: the connection failed or the caller left',
  not_a_har: 'not an entry of a HAR file',
  invalid_json: 'not JSON',
  not_an_object: 'JSON, but not an object',
  missing_code: 'no status code in it',
};

const COLUMN = 12;

/** One judged item as a person reads it: what it is, how that is known, whose it is, what to do, how it counts. */
export function formatItem(item: Judged, { width, style }: Look): string {
  const place = item.place === '' ? '' : `  ${style('dim', item.place)}`;
  if ('unreadable' in item) return `${style('red', 'not readable')}${place}\n  ${unreadable(item.unreadable)}\n`;
  const { verdict } = item;
  const { cause, labels } = verdict;
  const code = item.hasStatus ? labels.code : '(no status)';
  const headline = `${code} ${style('bold', style(cause === 'none' ? 'green' : 'red', cause))}${place}`;
  // A success needs no advice.
  const fields = cause === 'none' ? [countsAs(verdict, item.hasStatus)] : fieldsOf(verdict, item.hasStatus);
  return [headline, ...fields.map(([name, text]) => indented(name, text, { width, style })), ''].join('\n');
}

type Field = readonly [name: string, text: string];

function fieldsOf(verdict: Verdict, hasStatus: boolean): readonly Field[] {
  const { summary, basis, rule, note, origin, owner, retryable, advice, source } = verdict;
  return [
    ['meaning', summary],
    ['basis', `${basis}: ${BASIS_MEANING[basis]}`],
    ['rule', note === undefined ? rule : `${rule}: ${note}`],
    ['answered by', origin],
    ['owner', owner],
    ['retry', retryable],
    ['caller', advice.user],
    ['operator', advice.ops],
    ['source', source],
    countsAs(verdict, hasStatus),
  ];
}

function countsAs({ labels }: Verdict, hasStatus: boolean): Field {
  const shown = hasStatus ? labels : { ...labels, code: '?' };
  return [
    'counts as',
    Object.entries(shown)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(' '),
  ];
}

function indented(name: string, text: string, { width, style }: Look): string {
  const lines = field(`  ${name}`, text, { width, column: COLUMN + 2 });
  return lines.replace(name, style('cyan', name));
}

function unreadable(reason: Unreadable): string {
  return UNREADABLE[reason] ?? reason.replaceAll('_', ' ');
}

/** The same for a program. */
export function itemToJson(item: Judged): Readonly<Record<string, unknown>> {
  const place = item.place === '' ? undefined : item.place;
  if ('unreadable' in item) return { place, error: item.unreadable };
  const { labels, ...verdict } = item.verdict;
  return { place, code: item.hasStatus ? item.event.code : null, ...verdict, labels };
}
