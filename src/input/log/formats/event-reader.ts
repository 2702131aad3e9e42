import type { Clock } from '../../../clock.ts';
import {
  type ErrorFacts,
  MAX_ERROR_MESSAGE_BYTES,
  type RequestEvent,
  type TokenUsage,
} from '../../../event/request-event.ts';
import { type AnsweredBy, answeredBy } from '../fields/answered-by.ts';
import { chooseFields, type FieldChoice } from '../fields/field-map.ts';
import { createFieldReader, type FieldReader, INVALID } from '../fields/field-reader.ts';
import { meaningOfFlags } from '../fields/flags.ts';
import type { JsonObject } from '../fields/json-object.ts';
import { createLlmLineTest } from '../fields/llm-lines.ts';
import { placeOf, valueAt } from '../fields/place.ts';
import { createTimeReader, type TimeFormat } from '../fields/time.ts';
import {
  booleanFrom,
  codeFrom,
  countFrom,
  type DurationUnit,
  idFrom,
  isBlank,
  modelFrom,
  secondsFrom,
  textFrom,
  unitFromName,
} from '../fields/values.ts';
import type { LineResult } from '../parsed-line.ts';
import type { LogFormat, Meaning } from './log-format.ts';
import { createMarkReader } from './reader/marks.ts';
import { createSpanReader } from './reader/spans.ts';

/** What a user says of a log, beside its format. */
export interface ReadingOptions {
  /** Where to find what; what is not named is looked for at the format's places. */
  readonly fields?: FieldChoice | undefined;
  /** Overrules the format's. */
  readonly durationUnit?: DurationUnit | undefined;
  readonly timeFormat?: TimeFormat | undefined;
  /** The provider label of every event. */
  readonly provider: string;
  /** `llm`: lines whose path is no LLM operation are filtered. `all`: every line is a request. */
  readonly include?: 'llm' | 'all' | undefined;
  readonly excludePaths?: readonly string[] | undefined;
  /** The time of lines that have none. */
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** Makes a request of the values that a line holds. */
export type EventReader = (record: JsonObject) => LineResult;

/** Builds the reader of one format's records: what they mean is the same for all formats, whatever their lines look like. */
export function createEventReader(format: LogFormat, options: ReadingOptions): EventReader {
  const { provider, include = 'llm', excludePaths = [], timeFormat = 'auto', durationUnit, clock } = options;
  const fields = createFieldReader(chooseFields(format.fields, options.fields ?? {}));
  const isLlmLine = createLlmLineTest(fields, { include, excludePaths, hasPath: format.hasPath === true });
  const marks = createMarkReader(format.marks ?? []);
  const readTime = createTimeReader(timeFormat);
  const readSeconds = (value: unknown, key: string) =>
    secondsFrom(value, durationUnit ?? format.units?.[key] ?? format.durationUnit ?? unitFromName(key));
  const spans = createSpanReader(format, readSeconds, createTimeReader(timeFormat));
  const readCode = (value: unknown) => format.codes?.[textFrom(value) ?? ''] ?? codeFrom(value);
  const readOrigin = createOriginReader(format, fields);

  return (record) => {
    if (!isLlmLine(record)) return 'filtered';
    const written = fields.pick(record, 'code', readCode);
    const flags = fields.pickOptional(record, 'flags', textFrom)?.slice(0, MAX_FLAGS_LENGTH);
    const flagged = typeof written === 'number' ? meaningOfFlags(flags, written) : undefined;
    const meaning = marks(record, flagged?.code);
    if (meaning.filtered) return 'filtered';
    const code = flagged?.code ?? meaning.code;
    if (code === undefined) return written === INVALID ? 'invalid_code' : format.mixed ? 'filtered' : 'missing_code';
    const time = fields.pick(record, 'time', readTime);
    if (time === INVALID && format.timeIsOptional !== true) return 'invalid_time';
    const picked = fields.pick(record, 'duration', readSeconds);
    if (picked === INVALID) return 'invalid_duration';
    const durationSeconds = known(picked) ?? spans.duration(record);
    const stream = fields.pickOptional(record, 'stream', booleanFrom);
    const firstToken = known(fields.pickOptional(record, 'first_token', readSeconds));
    return {
      timeMs: endTimeMs(typeof time === 'number' ? time : undefined, durationSeconds),
      provider,
      model: fields.pickOptional(record, 'model', modelFrom),
      stream,
      code,
      durationSeconds,
      firstTokenSeconds: firstToken ?? (stream === true ? spans.firstToken(record) : undefined),
      tokens: tokensFrom(fields, record),
      error: errorFrom(fields, record, { code, meaning }),
      flags: meaning.dropFlags ? undefined : flags,
      ...readOrigin(record, code, { origin: flagged?.origin, ...meaning }),
      requestId: fields.pickOptional(record, 'request_id', idFrom),
      final: true,
    } satisfies RequestEvent;
  };

  function endTimeMs(timeMs: number | undefined, durationSeconds: number | undefined): number {
    if (timeMs === undefined) return clock.nowMs();
    return format.timeIsStart ? timeMs + Math.round((durationSeconds ?? 0) * 1000) : timeMs;
  }
}

/** Who made the answer: by the gateway's account of its upstream, unless a mark knows better. */
function createOriginReader(format: LogFormat, fields: FieldReader) {
  const upstream = format.upstream === undefined ? undefined : placeOf(format.upstream);
  return (record: JsonObject, code: number, { origin, phase }: Meaning): AnsweredBy => {
    const told = answeredBy(fields, record, code);
    const server = upstream === undefined ? undefined : valueAt(record, upstream);
    const isOwnAnswer = code >= 400 && server !== undefined && isBlank(server);
    // All are always there: code that takes events is compiled anew for each form that they have.
    const { upstreamCode } = told;
    if (told.origin === undefined && origin === undefined && isOwnAnswer) {
      return { origin: 'edge', phase: told.phase, upstreamCode };
    }
    return { origin: origin ?? told.origin, phase: phase ?? told.phase, upstreamCode };
  };
}

/** NaN is a span that the line says it does not know. */
function known(seconds: number | undefined): number | undefined {
  return Number.isNaN(seconds) ? undefined : seconds;
}

function tokensFrom(fields: FieldReader, record: JsonObject): TokenUsage | undefined {
  const input = fields.pickOptional(record, 'input_tokens', countFrom);
  const output = fields.pickOptional(record, 'output_tokens', countFrom);
  return input === undefined && output === undefined ? undefined : { input, output };
}

/** Envoy's name for an answer that is the upstream's own: no fault of the way to it. Its names may carry more in braces. */
const NO_DETAILS = 'via_upstream';
/** Envoy lists a few flags of two to five letters, HAProxy writes four characters. */
const MAX_FLAGS_LENGTH = 64;

function errorFrom(
  fields: FieldReader,
  record: JsonObject,
  { code: httpCode, meaning }: { readonly code: number; readonly meaning: Meaning },
): ErrorFacts | undefined {
  // What a gateway says of how it came to an answer is there for good answers, too.
  const details = httpCode < 400 ? undefined : fields.pickOptional(record, 'details', textFrom)?.replace(/\{.*$/s, '');
  const given = fields.pickOptional(record, 'error_code', textFrom) ?? (details === NO_DETAILS ? undefined : details);
  const code = meaning.errorCode ?? given;
  const type = fields.pickOptional(record, 'error_type', textFrom);
  const message = fields.pickOptional(record, 'error_message', textFrom)?.slice(0, MAX_ERROR_MESSAGE_BYTES);
  const { shape } = meaning;
  if (code === undefined && type === undefined && message === undefined && shape === undefined) return undefined;
  return { code, type, message, ...(shape === undefined ? {} : { shape }) };
}
