import type { Clock } from '../../../clock.ts';
import type { LineFormat } from '../../../config/schema-lines.ts';
import { chooseFields, type FieldChoice, type FieldMap, joinFields } from '../fields/field-map.ts';
import type { TimeFormat } from '../fields/time.ts';
import type { DurationUnit } from '../fields/values.ts';
import type { LineParser } from '../parsed-line.ts';
import { GENERIC_JSON_FIELDS } from './generic-json.ts';
import { createJsonLineParser } from './json-line.ts';
import { NGINX_JSON_FIELDS } from './nginx-json.ts';

const FIELDS: Readonly<Partial<Record<LineFormat, FieldMap>>> = {
  'nginx-json': NGINX_JSON_FIELDS,
  json: GENERIC_JSON_FIELDS,
  // Both are JSON and differ only in names, so there is nothing to guess: whatever name is met counts.
  auto: joinFields(NGINX_JSON_FIELDS, GENERIC_JSON_FIELDS),
};

export interface LineParserOptions {
  readonly format: LineFormat;
  /** Where to find what, as dotted paths; what is not named is looked for under its usual names. */
  readonly fields?: FieldChoice | undefined;
  readonly durationUnit?: DurationUnit | undefined;
  readonly timeFormat?: TimeFormat | undefined;
  /** The provider label of every event. */
  readonly provider: string;
  /** `llm`: lines whose path is no LLM operation are filtered. `all`: every line is a request. */
  readonly include?: 'llm' | 'all' | undefined;
  /** The time of lines that have none. */
  readonly clock: Clock;
}

/** Builds the reader of one log's lines. */
export function createLineParser(options: LineParserOptions): LineParser {
  const { format, fields = {}, durationUnit, timeFormat = 'auto', provider, include = 'llm', clock } = options;
  return createJsonLineParser({
    fields: chooseFields(FIELDS[format] ?? GENERIC_JSON_FIELDS, fields),
    durationUnit,
    timeFormat,
    provider,
    include,
    clock,
  });
}
