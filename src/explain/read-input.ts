import type { RecordedContext } from '../input/proxy/recorded-exchange.ts';
import { readBody } from './body.ts';
import { isCurlDump, readCurlDump } from './curl-dump.ts';
import { harEntries, readHar } from './har.ts';
import type { Hints, Item } from './item.ts';
import { lines } from './lines.ts';
import { detectLines, readLogLines } from './log-lines.ts';

/** What may be explained; `auto` tells them apart. */
export const INPUT_FORMATS = ['auto', 'body', 'curl', 'har', 'lines'] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** Reads whatever was given, one item at a time, in order. Nothing in it makes this throw. */
export async function* readInput(
  input: Buffer,
  {
    format,
    hints,
    context,
  }: { readonly format: InputFormat; readonly hints: Hints; readonly context: RecordedContext },
): AsyncGenerator<Item> {
  switch (format === 'auto' ? inputKind(input) : format) {
    case 'curl':
      yield await readCurlDump(input, hints, context);
      return;
    case 'har': {
      const entries = harEntries(parse(input));
      if (entries === undefined) yield { place: '', unreadable: 'not_a_har' };
      else yield* readHar(entries, hints, context);
      return;
    }
    case 'lines':
      yield* readLogLines(input, hints, context);
      return;
    case 'body':
      yield await readBody(input, hints, context);
  }
}

/** What the input looks like; anything that is nothing else is the body of an answer. */
export function inputKind(input: Buffer): Exclude<InputFormat, 'auto'> {
  if (isCurlDump(input.toString('latin1'))) return 'curl';
  const value = parse(input);
  if (value !== undefined) return harEntries(value) !== undefined ? 'har' : isLogLine(value) ? 'lines' : 'body';
  return isJsonLines(input) || isTextLog(input) ? 'lines' : 'body';
}

/** Below it the lines that fit some format are there by chance. */
const MIN_CONFIDENCE = 0.5;

/** An access log that is no JSON. What else is text, such as the body of an answer, fits no format. */
function isTextLog(input: Buffer): boolean {
  return (detectLines(input)?.confidence ?? 0) >= MIN_CONFIDENCE;
}

/** Several JSON objects, one a line; the first two are enough to tell. */
function isJsonLines(input: Buffer): boolean {
  let objects = 0;
  for (const { start, end } of lines(input)) {
    if (start === end) continue;
    if (typeof parse(input.subarray(start, end)) !== 'object') return false;
    objects += 1;
    if (objects === 2) return true;
  }
  return false;
}

/** Fields that access logs have and error bodies do not. A `status` or `code` alone is in both. */
const ONLY_IN_LOGS = /^(?:request_?(?:time|method|uri|id)|time_(?:iso8601|local)|duration|latency|elapsed|method|uri)/i;

/** A single JSON object is a log line when it speaks of a request; without that it is the body of an answer. */
function isLogLine(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || 'error' in value) return false;
  return Object.keys(value).filter((key) => ONLY_IN_LOGS.test(key) && key !== 'request_id').length > 0;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Not JSON: text, HTML, or many lines.
    return undefined;
  }
}
