import type { LineParser, LineResult } from '../parsed-line.ts';
import type { LogFormat } from './log-format.ts';
import { createKindReader, type KindOptions } from './reader/kind-reader.ts';
import { textLine } from './reader/text-line.ts';

/**
 * Reads lines of the kinds given, each by the first kind that it fits: plainly, value by value, and the same for every format. What
 * scanners do faster, they must do with the same results. A parser reads one log: it holds nothing of it, but its caller may.
 */
export function createReferenceParser(kinds: readonly LogFormat[], options: KindOptions): LineParser {
  // The only kind of JSON among them needs no signs to be told from others.
  const bySigns = kinds.filter(isJson).length > 1;
  const readers = kinds.map((kind) => ({ hasBrace: hasBrace(kind), read: createKindReader(kind, options, bySigns) }));
  const isMixed = kinds.some((kind) => kind.mixed === true);
  // Where nothing but JSON is expected, what is no JSON is broken.
  const isOnlyJson = !isMixed && kinds.every(isJson);

  return (bytes, start, end): LineResult => {
    // An empty line is nobody's mistake and nobody's request.
    if (start === end) return 'filtered';
    const line = textLine(bytes, start, end);
    for (const { hasBrace, read } of readers) {
      const result = hasBrace === line.isJson || isOnlyJson ? read(line) : undefined;
      if (result !== undefined) return result;
    }
    const json = line.isJson || isOnlyJson ? line.json() : undefined;
    if (typeof json === 'string') return json;
    return isMixed ? 'filtered' : 'no_match';
  };
}

/** Whether lines of this kind begin with a brace, as those of a log_format in JSON do even if they are read as text. */
function hasBrace({ layout }: LogFormat): boolean {
  return layout.kind !== 'text' || layout.templates.some((template) => template.startsWith('{'));
}

/** Whether the lines are objects in JSON, so that the first character tells. */
export function isJson({ layout }: LogFormat): boolean {
  return layout.kind !== 'text';
}
