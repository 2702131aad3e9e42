import { isJsonObject } from '../../fields/json-object.ts';
import type { LogFormat } from '../../formats/log-format.ts';
import { isPrintable } from '../bytes.ts';
import { type CompiledShape, compileShape, type Part } from '../compiled.ts';
import { type Line, lookAt } from '../line.ts';
import type { Meaning } from '../reading.ts';
import { takeApart } from './take-apart.ts';

/** Shapes that are known at one time. Loggers that leave out what they do not know write a handful. */
const MAX_SHAPES = 8;
/** The longest pause: a log without any order must not pay for it with each line. */
const LEARN_EACH = 64;
const MAX_LEARNED_BYTES = 16 * 1024;

/** The shapes of one log's JSON lines, learned as they come. */
export interface JsonShapes {
  /** The last one that fitted first. */
  readonly known: readonly CompiledShape[];
  /** Puts the shape first, as the next line will most likely be like it. */
  prefer(index: number): void;
  learn(bytes: Buffer, start: number, end: number): void;
}

export function createJsonShapes(options: Meaning & { readonly format: LogFormat; readonly line: Line }): JsonShapes {
  const { format, line, read } = options;
  const fields = new Set(Object.values(format.fields).flat());
  const known: CompiledShape[] = [];
  let misses = 0;
  // Lines of which nothing can be learned are looked at less and less often.
  let pause = 1;
  let nextTry = 0;

  function compile(bytes: Buffer, start: number, end: number): CompiledShape | undefined {
    const record = parse(bytes, start, end);
    if (!isJsonObject(record) || read(record) === undefined) return undefined;
    const view = lookAt(line, bytes);
    const apart = takeApart(view, start, end);
    const first = apart?.pieces[0];
    // A list may be what a field is read from, in ways that a single value is not.
    if (apart === undefined || first === undefined || apart.lists.some((place) => fields.has(place))) return undefined;
    const gaps = apart.pieces.map(({ to }, at) => [to, apart.pieces[at + 1]?.from ?? end] as const);
    const head = bytes.subarray(start, first.from);
    if (!isPrintable(view, start, first.from) || !gaps.every(([from, to]) => isPrintable(view, from, to)))
      return undefined;
    const parts = apart.pieces.map(
      ({ writing, place }, at): Part => ({ writing, place, after: bytes.subarray(...(gaps[at] ?? [0, 0])) }),
    );
    return compileShape({ ...options, head, parts, objects: apart.objects });
  }

  return {
    known,
    prefer(index) {
      known.unshift(...known.splice(index, 1));
    },
    learn(bytes, start, end) {
      misses += 1;
      if (misses < nextTry || end - start > MAX_LEARNED_BYTES) return;
      const compiled = compile(bytes, start, end);
      pause = compiled !== undefined && known.length < MAX_SHAPES ? 1 : Math.min(pause * 2, LEARN_EACH);
      nextTry = misses + pause;
      if (compiled === undefined) return;
      if (known.length >= MAX_SHAPES) known.pop();
      known.unshift(compiled);
    },
  };
}

function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    // No JSON, or not without the slow reader's help: nothing to learn.
    return undefined;
  }
}
