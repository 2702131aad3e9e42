import { operationFromPath } from '../../../provider/operation.ts';
import type { FieldReader } from './field-reader.ts';
import type { JsonObject } from './json-object.ts';
import { textFrom } from './values.ts';

/** Paths whose verdict is remembered; when full it starts over, so that a scan of random paths costs time but no memory. */
const MAX_REMEMBERED_PATHS = 1024;

/** `POST /v1/chat/completions HTTP/1.1`, as nginx writes `$request`. */
const REQUEST_LINE = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/;

/**
 * Tells lines about LLM requests from all others by their path. A line without a path is taken for one: logs that only an LLM gateway
 * writes often leave it out. A browser's CORS preflight goes to the same path but asks the model nothing.
 */
export function createLlmLineTest(fields: FieldReader): (record: JsonObject) => boolean {
  const known = new Map<string, boolean>();

  function isLlmPath(path: string): boolean {
    const remembered = known.get(path);
    if (remembered !== undefined) return remembered;
    if (known.size >= MAX_REMEMBERED_PATHS) known.clear();
    const verdict = operationFromPath(path) !== undefined;
    known.set(path, verdict);
    return verdict;
  }

  return (record) => {
    if (fields.pickOptional(record, 'method', methodFrom) === 'OPTIONS') return false;
    const path = fields.pickOptional(record, 'path', pathFrom);
    return path === undefined || isLlmPath(path);
  };
}

/** The path without its query, which would make every request another path. */
function pathFrom(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const target = REQUEST_LINE.exec(value)?.[2] ?? value;
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

function methodFrom(value: unknown): string | undefined {
  const text = textFrom(value);
  return text === undefined ? undefined : (REQUEST_LINE.exec(text)?.[1] ?? text.toUpperCase());
}
