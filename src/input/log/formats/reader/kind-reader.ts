import { chooseFields } from '../../fields/field-map.ts';
import { isJsonObject, type JsonObject } from '../../fields/json-object.ts';
import { placeOf, valueAt } from '../../fields/place.ts';
import { createTimeReader } from '../../fields/time.ts';
import { textFrom, unitFromName } from '../../fields/values.ts';
import type { LineResult } from '../../parsed-line.ts';
import { createKindScanner, type KindScanner } from '../../scan/kind-scanner.ts';
import { createEventReader, type ReadingOptions } from '../event-reader.ts';
import type { LogFormat, Sign } from '../log-format.ts';
import { createJoiner } from './joined-lines.ts';
import { MAX_SEARCHED_LENGTH } from './marks.ts';
import { otlpRecords } from './otlp-records.ts';
import { compileTemplate, type TemplateMatcher } from './template.ts';
import type { TextLine } from './text-line.ts';

/** Reads a line if it is of this kind; undefined when it is not. */
export type KindReader = (line: TextLine) => LineResult | undefined;

export interface KindOptions extends ReadingOptions {
  /**
   * Takes what a line holds beyond its first record: an OTLP export has many spans. Each counts as a line of its own, so that lines =
   * events + filtered + rejected stays true. Without it only the first is read.
   */
  readonly also?: ((result: LineResult) => void) | undefined;
}

/**
 * Builds the fast reader of one kind, where there can be one: it gives what `createKindReader`'s gives. `isOfThisKind`: whether a JSON line
 * is for this kind to read.
 */
export function createScanner(
  format: LogFormat,
  options: KindOptions,
  isOfThisKind: (record: JsonObject) => boolean,
): KindScanner | undefined {
  // A line of such a kind may say too little by itself.
  if (format.joins !== undefined) return undefined;
  const { fields = {}, timeFormat = 'auto', durationUnit } = options;
  const read = createEventReader(format, options);
  return createKindScanner({
    format: { ...format, fields: chooseFields(format.fields, fields) },
    read: (record) => (isOfThisKind(record) ? read(record) : undefined),
    readTime: createTimeReader(timeFormat),
    unitOf: (place) => durationUnit ?? format.units?.[place] ?? format.durationUnit ?? unitFromName(place),
  });
}

/** Builds the reader of one kind of line. `bySigns`: a JSON line must bear the kind's signs, as it may be of another. */
export function createKindReader(format: LogFormat, options: KindOptions, bySigns: boolean): KindReader {
  const { layout } = format;
  const read = createEventReader(format, options);
  const isOfThisKind = bySigns ? createSignTest(format.signs ?? []) : () => true;

  if (layout.kind === 'text') {
    const match = firstMatch(layout.templates.map((template) => compileTemplate(template, layout.escape)));
    const { lists, others = [] } = layout;
    return (line) => {
      const values = match(line.text());
      if (values === undefined) return others.some((other) => isFound(other, line.text())) ? 'filtered' : undefined;
      return read(lists === undefined ? values : withParts(values, lists));
    };
  }
  const readRecord = recordReader(format, read, options.also);
  return (line) => {
    const record = line.json();
    return isJsonObject(record) && isOfThisKind(record) ? readRecord(record) : undefined;
  };
}

/** Whether a record bears all these signs. */
export function createSignTest(signs: readonly (string | Sign)[]): (record: JsonObject) => boolean {
  const tests = signs.map((sign) => {
    const place = placeOf(typeof sign === 'string' ? sign : sign.at);
    if (typeof sign === 'string') return (record: JsonObject) => valueAt(record, place) !== undefined;
    return (record: JsonObject) => isFound(sign.is, textFrom(valueAt(record, place)) ?? '');
  });
  return (record) => tests.every((test) => test(record));
}

function isFound(pattern: RegExp, text: string): boolean {
  return pattern.test(text.slice(0, MAX_SEARCHED_LENGTH));
}

/** In their order, as a template may also fit what one before it reads better. */
function firstMatch(matchers: readonly TemplateMatcher[]): TemplateMatcher {
  return (line) => {
    for (const match of matchers) {
      const values = match(line);
      if (values !== undefined) return values;
    }
    return undefined;
  };
}

/** The parts of a list beside the list: `captured_request.0`. */
function withParts(values: Values, lists: Values): Values {
  const all: Record<string, string> = { ...values };
  for (const [name, separator] of Object.entries(lists)) {
    for (const [index, part] of (values[name] ?? '').split(separator).entries()) all[`${name}.${index}`] = part;
  }
  return all;
}

type Values = Readonly<Record<string, string>>;

type RecordReader = (record: JsonObject) => LineResult;

function recordReader({ layout, joins }: LogFormat, read: RecordReader, also: KindOptions['also']): RecordReader {
  if (layout.kind === 'otlp') return spansReader(read, also);
  if (layout.kind === 'json' && layout.text !== undefined) return within(read, layout.text);
  if (joins === undefined) return read;
  const join = createJoiner(joins);
  return (record) => read(join(record));
}

function within(
  read: RecordReader,
  { at, templates }: { readonly at: string; readonly templates: readonly string[] },
): RecordReader {
  const place = placeOf(at);
  const match = firstMatch(templates.map((template) => compileTemplate(template, 'none')));
  return (record) => {
    const values = match(textFrom(valueAt(record, place)) ?? '');
    return read(values === undefined ? record : { ...record, ...values });
  };
}

function spansReader(read: RecordReader, also: KindOptions['also']): RecordReader {
  return (exported) => {
    const { records } = otlpRecords(exported);
    const [first, ...more] = records.map(read);
    if (also !== undefined) for (const result of more) also(result);
    return first ?? 'filtered';
  };
}
