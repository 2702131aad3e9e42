import { BrokenJsonError, byteIs, type Extent, elements, endOfValue, members, skipSpace } from './json-walk.ts';

const LF = 10;
const CR = 13;

/** How a body is cut: at every newline, or by what it turns out to be. */
export type Cutting = 'lines' | 'sniffed';

/** One record: the bytes from `start` up to `end`. */
export interface BodyRecord extends Extent {
  readonly bytes: Buffer;
}

/**
 * Cuts a body into records, each of which is then read as a line of a log. `sniffed` looks at the first character, because senders say
 * `application/json` whatever they send (LiteLLM does so for its NDJSON, too): `[` is an array of records, `{` is one record if it ends
 * where the body ends, anything else is a record a line. Blank lines are nothing.
 * Throws a BrokenJsonError where an array or an export breaks off: then nothing of the body may count, as the sender will repair it.
 */
export function* cutRecords(body: Buffer, cutting: Cutting): Generator<BodyRecord, void> {
  const start = skipSpace(body, hasByteOrderMark(body) ? 3 : 0);
  if (cutting === 'sniffed' && byteIs(body, start, '{') && isOneValue(body, start)) {
    yield* objectRecords(body, start);
    return;
  }
  const isArray = cutting === 'sniffed' && byteIs(body, start, '[');
  for (const extent of isArray ? arrayRecords(body, start) : lineRecords(body, start)) {
    yield { bytes: body, start: extent.start, end: extent.end };
  }
}

function hasByteOrderMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}

function* arrayRecords(body: Buffer, start: number): Generator<Extent, void> {
  const end = skipSpace(body, yield* elements(body, start));
  if (end < body.length) throw new BrokenJsonError(`something follows the array at byte ${end}`);
}

function isOneValue(body: Buffer, start: number): boolean {
  try {
    return skipSpace(body, endOfValue(body, start)) === body.length;
  } catch {
    // A first line that breaks off must not spoil the lines behind it.
    return false;
  }
}

function* objectRecords(body: Buffer, start: number): Generator<BodyRecord, void> {
  const spans = memberOf(body, start, '"resourceSpans"');
  if (spans === undefined) yield { bytes: body, start, end: endOfValue(body, start) };
  else for (const span of otlpSpans(body, spans)) yield exportOf(body, span);
}

/** The spans of an ExportTraceServiceRequest in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). */
function* otlpSpans(body: Buffer, resourceSpans: Extent): Generator<Extent, void> {
  for (const resource of listed(body, resourceSpans)) {
    for (const scope of listed(body, memberOf(body, resource.start, '"scopeSpans"'))) {
      yield* listed(body, memberOf(body, scope.start, '"spans"'));
    }
  }
}

const EXPORT_BEGINS = Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[');
const EXPORT_ENDS = Buffer.from(']}]}]}');

/** An export of one span, which is what the reader of OTLP knows: a large one is neither parsed in one go nor longer than a line may be. */
function exportOf(body: Buffer, { start, end }: Extent): BodyRecord {
  const bytes = Buffer.concat([EXPORT_BEGINS, body.subarray(start, end), EXPORT_ENDS]);
  return { bytes, start: 0, end: bytes.length };
}

function* listed(body: Buffer, array: Extent | undefined): Generator<Extent, void> {
  if (array === undefined) return;
  if (!byteIs(body, array.start, '[')) throw new BrokenJsonError(`no array stands at byte ${array.start}`);
  yield* elements(body, array.start);
}

function memberOf(body: Buffer, start: number, name: string): Extent | undefined {
  if (!byteIs(body, start, '{')) throw new BrokenJsonError(`no object stands at byte ${start}`);
  for (const { key, value } of members(body, start)) {
    if (key === name) return value;
  }
  return undefined;
}

function* lineRecords(body: Buffer, from: number): Generator<Extent, void> {
  for (let start = from; start < body.length; ) {
    const newline = body.indexOf(LF, start);
    const next = newline === -1 ? body.length : newline;
    const end = next > start && body[next - 1] === CR ? next - 1 : next;
    if (end > skipSpaceWithin(body, start, end)) yield { start, end };
    start = next + 1;
  }
}

function skipSpaceWithin(body: Buffer, start: number, end: number): number {
  return Math.min(skipSpace(body, start), end);
}
