import type { RecordedContext } from '../input/proxy/recorded-exchange.ts';
import { readBody } from './body.ts';
import { isCurlDump, readCurlDump } from './curl-dump.ts';
import { harEntries, readHar } from './har.ts';
import { isLogObject, isTextLog } from './is-log.ts';
import type { Hints, Item } from './item.ts';
import { lines } from './lines.ts';
import { readLogLines } from './log-lines.ts';

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
      yield* readLogLines(onOneLine(input), hints, context);
      return;
    case 'body':
      yield await readBody(input, hints, context);
  }
}

/** What the input looks like; anything that is nothing else is the body of an answer. */
export function inputKind(input: Buffer): Exclude<InputFormat, 'auto'> {
  if (isCurlDump(input.toString('latin1'))) return 'curl';
  const value = parse(input);
  if (value !== undefined) return harEntries(value) !== undefined ? 'har' : isLogObject(value) ? 'lines' : 'body';
  return isJsonLines(input) || isTextLog(input) ? 'lines' : 'body';
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

/** One record that `jq` or an editor laid out over many lines, as it was in its log. */
function onOneLine(input: Buffer): Buffer {
  const isLaidOut = input.toString('latin1').trim().includes('\n');
  const value = isLaidOut ? parse(input) : undefined;
  return value === undefined ? input : Buffer.from(JSON.stringify(value));
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Not JSON: text, HTML, or many lines.
    return undefined;
  }
}
