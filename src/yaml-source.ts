import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { type Problem, ProblemError } from './problem.ts';

/** What people write by hand is smaller: a larger file is some other file. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Keys and indexes from the root of a file to one value in it. */
export type Path = readonly (string | number)[];
export type Place = Pick<Problem, 'file' | 'line' | 'column'>;

/** A YAML text that knows where each of its values stands. */
export interface YamlSource {
  readonly file: string;
  /** What the text says as far as it can be read, so that one fault of syntax does not hide the others. */
  readonly value: unknown;
  /** Faults of syntax, with the code `PREFIX.yaml`. */
  readonly problems: readonly Problem[];
  /** Line and column of a value, of its key in a map, or of the deepest parent that exists. */
  placeOf(path: Path): Place;
}

/** Reads a file of at most 1 MiB; throws a ProblemError when it cannot be read at all. `prefix` begins every problem's code. */
export function readYamlFile(file: string, prefix: string): YamlSource {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= MAX_FILE_BYTES) return readYaml(bytes.toString('utf8'), { file, prefix });
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError([{ code: `${prefix}.unreadable`, file, message: `cannot be read: ${why}` }], { cause });
  }
  throw new ProblemError([{ code: `${prefix}.too_large`, file, message: `is larger than ${MAX_FILE_BYTES} bytes` }]);
}

/** Same for a text; `file` is the name that problems carry. */
export function readYaml(
  text: string,
  { file, prefix }: { readonly file: string; readonly prefix: string },
): YamlSource {
  const code = `${prefix}.yaml`;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  // A warning is a tag that nobody knows: the value would be read as something else than was meant.
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    code,
    ...placeAt(pos[0]),
    message: `not valid YAML: ${message}`,
  }));
  const placeOf = (path: Path): Place => {
    const offset = offsetOf(document, path);
    return offset === undefined ? { file } : placeAt(offset);
  };
  try {
    return { file, value: document.toJS() ?? {}, problems, placeOf };
  } catch (cause) {
    // An alias without its anchor, or aliases that would unfold into gigabytes.
    const why = cause instanceof Error ? cause.message : String(cause);
    const fallback = [{ code, file, message: `not valid YAML: ${why}` }];
    throw new ProblemError(problems.length > 0 ? problems : fallback, { cause });
  }
}

/** Everything wrong with a file in the order of its lines. A line that is no YAML makes strange values: what the schema says of it is an echo. */
export function inFileOrder(syntax: readonly Problem[], schema: readonly Problem[]): Problem[] {
  const lines = new Set(syntax.map(({ line }) => line));
  const all = [...syntax, ...schema.filter(({ line }) => line === undefined || !lines.has(line))];
  return all.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function offsetOf(document: Document, path: Path): number | undefined {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const offset = offsetOfNode(document, path.slice(0, depth));
    if (offset !== undefined) return offset;
  }
  return undefined;
}

/** The key of a map entry says more than its value: `port` in `port: 99999`. */
function offsetOfNode(document: Document, path: Path): number | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent) && last !== undefined) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
