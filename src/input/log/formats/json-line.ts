import type { Clock } from '../../../clock.ts';
import {
  type ErrorFacts,
  MAX_ERROR_MESSAGE_BYTES,
  type RequestEvent,
  type TokenUsage,
} from '../../../event/request-event.ts';
import { answeredBy } from '../fields/answered-by.ts';
import type { FieldMap } from '../fields/field-map.ts';
import { createFieldReader, type FieldReader, INVALID } from '../fields/field-reader.ts';
import { type JsonObject, readJsonObject } from '../fields/json-object.ts';
import { createLlmLineTest } from '../fields/llm-lines.ts';
import { createTimeReader, type TimeFormat } from '../fields/time.ts';
import {
  booleanFrom,
  codeFrom,
  countFrom,
  type DurationUnit,
  idFrom,
  modelFrom,
  secondsFrom,
  textFrom,
  unitFromName,
} from '../fields/values.ts';
import type { LineParser, LineResult } from '../parsed-line.ts';

export interface JsonLineOptions {
  readonly fields: FieldMap;
  /** By default from the name of the field. */
  readonly durationUnit?: DurationUnit | undefined;
  readonly timeFormat: TimeFormat;
  readonly provider: string;
  readonly include: 'llm' | 'all';
  readonly clock: Clock;
}

/** Reads lines that are one JSON object each. */
export function createJsonLineParser(options: JsonLineOptions): LineParser {
  const { include, timeFormat, durationUnit, provider, clock } = options;
  const fields = createFieldReader(options.fields);
  const isLlmLine = createLlmLineTest(fields);
  const readTime = createTimeReader(timeFormat);
  const readSeconds = (value: unknown, key: string) => secondsFrom(value, durationUnit ?? unitFromName(key));

  function eventFrom(record: JsonObject): LineResult {
    if (include === 'llm' && !isLlmLine(record)) return 'filtered';
    const code = fields.pick(record, 'code', codeFrom);
    if (code === undefined) return 'missing_code';
    if (code === INVALID) return 'invalid_code';
    const timeMs = fields.pick(record, 'time', readTime) ?? clock.nowMs();
    if (timeMs === INVALID) return 'invalid_time';
    const durationSeconds = fields.pick(record, 'duration', readSeconds);
    if (durationSeconds === INVALID) return 'invalid_duration';
    return {
      timeMs,
      provider,
      model: fields.pickOptional(record, 'model', modelFrom),
      stream: fields.pickOptional(record, 'stream', booleanFrom),
      code,
      durationSeconds: known(durationSeconds),
      firstTokenSeconds: known(fields.pickOptional(record, 'first_token', readSeconds)),
      tokens: tokensFrom(fields, record),
      error: errorFrom(fields, record, code),
      flags: fields.pickOptional(record, 'flags', textFrom)?.slice(0, MAX_FLAGS_LENGTH),
      ...answeredBy(fields, record, code),
      requestId: fields.pickOptional(record, 'request_id', idFrom),
      final: true,
    } satisfies RequestEvent;
  }

  return (bytes, start, end) => {
    // An empty line is nobody's mistake and nobody's request.
    if (start === end) return 'filtered';
    const record = readJsonObject(bytes, start, end);
    return typeof record === 'string' ? record : eventFrom(record);
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

function errorFrom(fields: FieldReader, record: JsonObject, httpCode: number): ErrorFacts | undefined {
  // What a gateway says of how it came to an answer is there for good answers, too.
  const details = httpCode < 400 ? undefined : fields.pickOptional(record, 'details', textFrom)?.replace(/\{.*$/s, '');
  const code = fields.pickOptional(record, 'error_code', textFrom) ?? (details === NO_DETAILS ? undefined : details);
  const type = fields.pickOptional(record, 'error_type', textFrom);
  const message = fields.pickOptional(record, 'error_message', textFrom)?.slice(0, MAX_ERROR_MESSAGE_BYTES);
  return code === undefined && type === undefined && message === undefined ? undefined : { code, type, message };
}
