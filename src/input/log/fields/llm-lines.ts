import { operationFromPath } from '../../../provider/operation.ts';
import type { FieldReader } from './field-reader.ts';
import type { JsonObject } from './json-object.ts';
import { createPathTest } from './path-pattern.ts';
import { isBlank, textFrom } from './values.ts';

/** Paths whose verdict is remembered; when full it starts over, so that a scan of random paths costs time but no memory. */
const MAX_REMEMBERED_PATHS = 1024;
/** A longer path is judged each time: remembering it would let a client choose how much is kept. */
const MAX_REMEMBERED_LENGTH = 256;

/** `POST /v1/chat/completions HTTP/1.1`, as nginx writes `$request`. */
const REQUEST_LINE = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/;

export interface LlmLineOptions {
  /** `all`: any path is a request's. */
  readonly include: 'llm' | 'all';
  /** Patterns of paths that are no requests, whatever `include` says. */
  readonly excludePaths: readonly string[];
  /** Each request of such a log has a path: a null in its place says that there was none. */
  readonly hasPath?: boolean | undefined;
}

/**
 * Tells lines about LLM requests from all others by their path. A line that has no place for a path is taken for one: logs that only an
 * LLM gateway writes often leave it out. Where there is a place and nothing in it, nobody asked for anything: a scan, or a connection
 * that was closed again. A browser's CORS preflight goes to the same path but asks the model nothing.
 */
export function createLlmLineTest(
  fields: FieldReader,
  { include, excludePaths, hasPath }: LlmLineOptions,
): (record: JsonObject) => boolean {
  const isExcluded = createPathTest(excludePaths);
  const known = new Map<string, boolean>();
  const judge = (path: string) => !isExcluded(path) && (include === 'all' || operationFromPath(path) !== undefined);

  function isLlmPath(path: string): boolean {
    const remembered = known.get(path);
    if (remembered !== undefined) return remembered;
    const verdict = judge(path);
    if (path.length > MAX_REMEMBERED_LENGTH) return verdict;
    if (known.size >= MAX_REMEMBERED_PATHS) known.clear();
    known.set(path, verdict);
    return verdict;
  }

  return (record) => {
    if (include === 'all' && excludePaths.length === 0) return true;
    if (include === 'llm' && fields.pickOptional(record, 'method', methodFrom) === 'OPTIONS') return false;
    const path = fields.pickOptional(record, 'path', pathFrom);
    if (path !== undefined) return isLlmPath(path);
    const written = fields.raw(record, 'path');
    return include === 'all' || !(isNothing(written) || (hasPath && written === null));
  };
}

function isNothing(value: unknown): boolean {
  return typeof value === 'string' && isBlank(value);
}

/** The path without its query, which would make every request another path. */
function pathFrom(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const target = REQUEST_LINE.exec(value)?.[2] ?? value;
  const end = target.search(/[?#]/);
  return withoutHost(end === -1 ? target : target.slice(0, end));
}

/** HTTP/2 and load balancers log the whole URL: `https://api.novita.ai/v1/chat/completions`. */
function withoutHost(target: string): string {
  const scheme = target.indexOf('://');
  if (scheme === -1 || scheme > 8) return target;
  const path = target.indexOf('/', scheme + 3);
  return path === -1 ? '/' : target.slice(path);
}

function methodFrom(value: unknown): string | undefined {
  const text = textFrom(value);
  return text === undefined ? undefined : (REQUEST_LINE.exec(text)?.[1] ?? text.toUpperCase());
}
