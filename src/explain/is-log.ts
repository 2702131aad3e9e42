import { isJsonObject, type JsonObject } from '../input/log/fields/json-object.ts';
import { placeOf, valueAt } from '../input/log/fields/place.ts';
import { detectFormat } from '../input/log/formats/detect.ts';
import { FORMATS } from '../input/log/formats/formats.ts';
import { createLineParser } from '../input/log/formats/line-parser.ts';
import type { LogFormat } from '../input/log/formats/log-format.ts';
import { createSignTest } from '../input/log/formats/reader/kind-reader.ts';
import { wrapperOf } from '../input/log/formats/wrapper.ts';
import { lines } from './lines.ts';

/**
 * Whether one JSON object is a log line: a known kind's by its signs, or else one that speaks of a request as only logs do. That its
 * fields could be read as those of a request says nothing, as a `status` or a `code` is in error bodies, too.
 */
export function isLogObject(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  if (wrapperOf(Buffer.from(JSON.stringify(value))) !== 'none') return true;
  return KNOWN.some((isKnown) => isKnown(value)) || isLoggers(value) || speaksOfRequest(value);
}

const KNOWN = [...new Set(Object.values(FORMATS).flat())].flatMap((format) =>
  format.layout.kind === 'text' || format.signs === undefined ? [] : [createKnownTest(format, format.signs)],
);

/** By its signs, and by the time that its logs write: one sign alone may be a sentence that an error body has as well. */
function createKnownTest({ layout, fields }: LogFormat, signs: NonNullable<LogFormat['signs']>) {
  const hasSigns = createSignTest(signs);
  const times = (fields.time ?? []).map(placeOf);
  // Exports have their times in the spans.
  const hasTime = (record: JsonObject) =>
    layout.kind === 'otlp' || times.some((place) => valueAt(record, place) !== undefined);
  return (record: JsonObject) => hasSigns(record) && hasTime(record);
}

/** What every logger writes and no API answers. */
function isLoggers(record: JsonObject): boolean {
  const has = (...names: readonly string[]) => names.some((name) => record[name] !== undefined);
  return has('level', 'severity', 'lvl') && has('time', 'timestamp', 'ts', '@timestamp');
}

/** Fields that access logs have and error bodies do not. */
const ONLY_IN_LOGS = /^(?:request_?(?:time|method|uri)|time_(?:iso8601|local)|duration|latency|elapsed|method|uri)/i;

function speaksOfRequest(record: JsonObject): boolean {
  return !('error' in record) && Object.keys(record).some((key) => ONLY_IN_LOGS.test(key));
}

/** Below it the lines that fit are there by chance. */
const MIN_SHARE = 0.5;
/** Lines that are looked at. */
const MAX_LINES = 1_000;

/** Whether a text is an access log, be it of one format or of several. What else is text, such as the body of an answer, fits none. */
export function isTextLog(text: Buffer): boolean {
  const sample: Buffer[] = [];
  for (const { start, end } of lines(text)) {
    if (end > start) sample.push(text.subarray(start, end));
    if (sample.length === MAX_LINES) break;
  }
  if ((detectFormat(sample)?.confidence ?? 0) >= MIN_SHARE) return true;
  const parse = createLineParser({ format: 'auto', provider: '', include: 'all', clock: { nowMs: () => 0 } });
  const requests = sample.filter((line) => typeof parse(line, 0, line.length) === 'object').length;
  return sample.length > 0 && requests / sample.length >= MIN_SHARE;
}
