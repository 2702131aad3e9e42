import { isJsonObject } from '../../fields/json-object.ts';
import type { LogFormat } from '../../formats/log-format.ts';
import { type CompiledShape, compileShape, type Part } from '../compiled.ts';
import type { Meaning } from '../reading.ts';
import type { Space } from '../space.ts';
import { takeApart } from './take-apart.ts';

/** Shapes that are known at one time. Loggers that leave out what they do not know write a handful. */
const MAX_SHAPES = 8;
/** The longest pause: a log without any order must not pay for it with each line, and to compile a shape takes as long as to read a hundred lines slowly. */
const LEARN_EACH = 512;
const MAX_LEARNED_BYTES = 16 * 1024;

/** The shapes of one log's lines. */
export interface Shapes {
  /** The one that is tried first first. */
  readonly known: readonly CompiledShape[];
  /** Puts the shape first, as the next line will most likely be like it. */
  prefer(index: number): void;
  learn(bytes: Buffer, start: number, end: number): void;
}

/** The shapes of JSON lines, learned as they come. */
export function createJsonShapes(options: Meaning & { readonly format: LogFormat; readonly space: Space }): Shapes {
  const { format, read } = options;
  const fields = new Set(Object.values(format.fields).flat());
  const known: CompiledShape[] = [];
  let misses = 0;
  // Lines of which nothing can be learned are looked at less and less often.
  let pause = 1;
  let nextTry = 0;

  function compile(bytes: Buffer, start: number, end: number): CompiledShape | undefined {
    const record = parse(bytes, start, end);
    if (!isJsonObject(record) || read(record) === undefined) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    return compileShape({ ...options, isText: false, head, parts, objects: apart.objects });
  }

  return {
    known,
    prefer(index) {
      const [first, preferred] = [known[0], known[index]];
      if (index === 0 || first === undefined || preferred === undefined) return;
      known[0] = preferred;
      known[index] = first;
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

const LOWEST = 0x20;
const HIGHEST = 0x7e;

/** Whether all bytes are printable ASCII: what stands between values cannot hold a newline then. */
function isPrintable(view: DataView, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = view.getUint8(at);
    if (byte < LOWEST || byte > HIGHEST) return false;
  }
  return true;
}

function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    // No JSON, or not without the slow reader's help: nothing to learn.
    return undefined;
  }
}
