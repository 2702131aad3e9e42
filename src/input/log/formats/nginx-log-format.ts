import { splitTemplate, type TemplatePart } from '../../../config/log-format/log-template.ts';
import type { NginxLogFormat } from '../../../config/log-format/nginx-log-format.ts';
import { FIELD_NAMES, type FieldMap, type FieldName, mapFields } from '../fields/field-map.ts';
import { isJsonObject } from '../fields/json-object.ts';
import type { DurationUnit } from '../fields/values.ts';
import { NGINX_JSON_FIELDS, NGINX_VARIABLES } from './kinds/nginx.ts';
import type { LogFormat } from './log-format.ts';

/**
 * Variables that are nobody's but the operator's, from a map, njs, or a header that one end of the request set: by what their names end in.
 * `$llm_model`, `$http_x_model`, `$upstream_http_x_llm_model`, `$sent_http_x_request_id`.
 */
const BY_NAME: Readonly<Partial<Record<FieldName, RegExp>>> = {
  model: /(?:^|_)model(?:_name|_id)?$/,
  stream: /(?:^|_)stream(?:ing)?$/,
  request_id: /(?:^|_)request_id$/,
  error_code: /(?:^|_)error_code$/,
  error_type: /(?:^|_)error_type$/,
  error_message: /(?:^|_)error_message$/,
  input_tokens: /(?:^|_)(?:input|prompt)_tokens$/,
  output_tokens: /(?:^|_)(?:output|completion)_tokens$/,
  first_token: /(?:^|_)(?:ttft|first_token|time_to_first_token)(?:_ms)?$/,
};

/** Measured by nginx itself, always in seconds. */
const SECONDS = new Set(['request_time', 'upstream_response_time', 'upstream_header_time', 'upstream_connect_time']);

/** The kinds of line that a log_format gives: JSON where it is written as an object, and in any case the text as it stands. */
export function nginxLogFormat({ template, escape: escaping }: NginxLogFormat): readonly LogFormat[] {
  const parts = splitTemplate(template);
  const variables = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.variable]));
  const text: LogFormat = {
    title: 'nginx log_format',
    layout: { kind: 'text', templates: [template], escape: escaping === 'default' ? 'nginx' : escaping },
    fields: mapFields((field) => variablesOf(field, variables)),
    durationUnit: 's',
  };
  const keys = keysOf(parts);
  return keys === undefined ? [text] : [jsonFormat(keys), text];
}

function variablesOf(field: FieldName, variables: readonly string[]): readonly string[] {
  const own = NGINX_VARIABLES[field].filter((name) => variables.includes(name));
  const named = variables.filter((name) => BY_NAME[field]?.test(name) && !own.includes(name));
  return [...new Set([...own, ...named])];
}

/**
 * Under which key stands which variable. What a value is and in which unit follows from its variable, whatever the key is called; the key
 * speaks for a variable that only its operator knows.
 */
function jsonFormat(keys: ReadonlyMap<string, string>): LogFormat {
  const variables = [...keys.values()];
  const known = new Set(FIELD_NAMES.flatMap((field) => variablesOf(field, variables)));
  const units: Record<string, DurationUnit> = {};
  for (const [key, variable] of keys) if (SECONDS.has(variable)) units[key] = 's';
  const fields: FieldMap = mapFields((field) => {
    const byVariable = variablesOf(field, variables).flatMap((name) => keysWith(keys, name));
    const byKey = NGINX_JSON_FIELDS[field].filter((key) => keys.has(key) && !known.has(keys.get(key) ?? ''));
    return [...byVariable, ...byKey];
  });
  return { title: 'nginx log_format (JSON)', layout: { kind: 'json' }, fields, units };
}

function keysWith(keys: ReadonlyMap<string, string>, variable: string): readonly string[] {
  return [...keys].filter(([, name]) => name === variable).map(([key]) => key);
}

/** Private-use characters around a variable's name, while the template is read as JSON. */
const OPEN = '\ue000';
const CLOSE = '\ue001';

/** Undefined when the template is no JSON object, as many that were written by hand are not. */
function keysOf(parts: readonly TemplatePart[]): ReadonlyMap<string, string> | undefined {
  let json = '';
  let inString = false;
  for (const part of parts) {
    if (typeof part === 'string') {
      json += part;
      for (const _quote of part.replaceAll(/\\./g, '').matchAll(/"/g)) inString = !inString;
    } else {
      const name = OPEN + part.variable + CLOSE;
      json += inString ? name : `"${name}"`;
    }
  }
  const keys = new Map<string, string>();
  const template = parse(json);
  if (!isJsonObject(template)) return undefined;
  collect(template, [], keys);
  return keys;
}

function collect(value: unknown, path: readonly string[], keys: Map<string, string>): void {
  if (isJsonObject(value)) {
    for (const [key, inner] of Object.entries(value)) collect(inner, [...path, key], keys);
  } else if (typeof value === 'string') {
    const variable = variableIn(value);
    if (variable !== undefined) keys.set(path.join('.'), variable);
  }
}

/** The variable that a value is; of one put together of several (`$request_method $request_uri`), the path if there is one. */
function variableIn(value: string): string | undefined {
  const names = [...value.matchAll(/\ue000(\w+)\ue001/g)].map(([, name]) => name ?? '');
  if (names.length === 1 && value === OPEN + names[0] + CLOSE) return names[0];
  return names.find((name) => NGINX_VARIABLES.path.includes(name));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: then it is read as text.
    return undefined;
  }
}
