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
  no_match: 'does not fit the format',
};

const COLUMN = 12;

/** One judged item as a person reads it: what it is, how that is known, whose it is, what to do, how it counts. */
export function formatItem(item: Judged, look: Look): string {
  const { style } = look;
  const place = item.place === '' ? '' : `  ${style('dim', item.place)}`;
  if ('filtered' in item) return `${style('dim', 'filtered')}${place}\n  about something else than an LLM request\n`;
  if ('unreadable' in item) {
    const shape = item.shape === undefined ? '' : `\n${indented('looks like', item.shape, look)}`;
    return `${style('red', 'not readable')}${place}\n  ${unreadable(item.unreadable)}${shape}\n`;
  }
  const { verdict } = item;
  const { cause, labels } = verdict;
  const code = item.hasStatus ? labels.code : '(no status)';
  const headline = `${code} ${style('bold', style(cause === 'none' ? 'green' : 'red', cause))}${place}`;
  // A success needs no advice.
  const fields = cause === 'none' ? [countsAs(verdict, item.hasStatus)] : fieldsOf(verdict, item.hasStatus);
  const rows = [...fields, ...lineFields(item)];
  return [headline, ...rows.map(([name, text]) => indented(name, text, look)), ''].join('\n');
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

/** What there is to tell of a log line alone. */
function lineFields(item: JudgedEvent): readonly Field[] {
  if (item.format === undefined) return [];
  const told = Object.entries(lineFacts(item)).map(([name, value]) => `${name}=${value}`);
  return [
    ['format', item.format],
    ['fields', told.join(' ')],
    ...(item.series ?? []).map((increase, index) => [index === 0 ? 'series' : '', increase] as const),
  ];
}

type JudgedEvent = Extract<Judged, { readonly event: unknown }>;

/** Envoy's flags (`UF,URX`), its names for them and HAProxy's termination states (`sH--`); anything else might be anything. */
const FLAGS = /^(?:[A-Z]{1,5}(?:,[A-Z]{1,5})*|[A-Za-z-]{2,4})$/;

/** What was read out of a line, where it is a number, a word of a closed list, or a label's value. */
function lineFacts({ event, verdict }: JudgedEvent): Readonly<Record<string, string | number>> {
  const { code, durationSeconds, firstTokenSeconds, stream, tokens, upstreamCode, flags, origin, phase } = event;
  const facts = {
    time: formatTime(event.timeMs),
    code,
    duration: durationSeconds === undefined ? undefined : `${durationSeconds}s`,
    first_token: firstTokenSeconds === undefined ? undefined : `${firstTokenSeconds}s`,
    model: event.model === undefined ? undefined : JSON.stringify(verdict.labels.model),
    stream: stream === undefined ? undefined : String(stream),
    input_tokens: tokens?.input,
    output_tokens: tokens?.output,
    upstream_code: upstreamCode,
    flags: flags !== undefined && FLAGS.test(flags) ? flags : undefined,
    origin,
    phase,
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function formatTime(timeMs: number): string | undefined {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

function indented(name: string, text: string, { width, style }: Look): string {
  const lines = field(`  ${name}`, text, { width, column: COLUMN + 2 });
  return name === '' ? lines : lines.replace(name, style('cyan', name));
}

function unreadable(reason: Unreadable): string {
  return UNREADABLE[reason] ?? reason.replaceAll('_', ' ');
}

/** The same for a program. */
export function itemToJson(item: Judged): Readonly<Record<string, unknown>> {
  const place = item.place === '' ? undefined : item.place;
  if ('filtered' in item) return { place, filtered: true };
  if ('unreadable' in item) return { place, error: item.unreadable, shape: item.shape };
  const { labels, ...verdict } = item.verdict;
  const line = item.format === undefined ? {} : { format: item.format, fields: lineFacts(item), series: item.series };
  return { place, code: item.hasStatus ? item.event.code : null, ...verdict, labels, ...line };
}
