import type { LogFormat } from '../formats/log-format.ts';
import type { LineResult, LookAhead, Piece, Taken } from '../parsed-line.ts';
import { createBatch } from './batch.ts';
import { createJsonShapes, type Shapes } from './json/shapes.ts';
import type { Meaning } from './reading.ts';
import { AT, HEAD, READ_BYTES, renewIds, type Space, scanSpace } from './space.ts';
import { createTextShape } from './text/shape.ts';
import { createTimeMemo } from './time-memo.ts';

export interface KindScannerOptions extends Omit<Meaning, 'timeIsStart' | 'times'> {
  /** With the user's choice of fields in it. */
  readonly format: LogFormat;
}

/**
 * Reads the usual lines of one kind from their bytes, with the results of the slow reader and in a fraction of its time. What is in any
 * way unusual it leaves to that: an escape in a value that is wanted, keys that were not met before.
 */
export interface KindScanner extends LookAhead {
  /** Undefined: the line is for the slow reader. An event is only good until the next call. */
  scan(bytes: Buffer, start: number, end: number): LineResult | undefined;
  /** Looks at a line that was left to the slow reader, to know others like it. */
  learn(bytes: Buffer, start: number, end: number): void;
}

const LF = 0x0a;
/** Lines that are not read into the space are copied there, so many bytes at a time: what follows an odd line is copied anew. */
const COPIED_BYTES = 16 * 1024;

/** Whether a scanner knows what each part of a format means; where it does not, the kinds that have it are not scanned. */
const IS_KNOWN: Readonly<Record<keyof LogFormat, boolean>> = {
  ...{ title: true, layout: true, fields: true, durationUnit: true, units: true, signs: true, mixed: true },
  ...{ vague: true, hasPath: true, timeIsStart: true, timeIsOptional: true, durationParts: true, between: true },
  ...{ codes: true, upstream: true, marks: true },
  // Lines that belong together have a memory between them.
  joins: false,
};

/** Undefined for kinds that are not scanned. */
export function createKindScanner(rest: KindScannerOptions): KindScanner | undefined {
  const { layout } = rest.format;
  const space = scanSpace();
  // Safe: the keys of a format are those of its type.
  const isKnown = Object.keys(rest.format).every((key) => IS_KNOWN[key as keyof LogFormat]);
  if (space === undefined || !isKnown) return undefined;
  const times = createTimeMemo(space, rest.readTime);
  const options = { ...rest, space, times, timeIsStart: rest.format.timeIsStart === true };
  if (layout.kind === 'text' && layout.lists === undefined) {
    const compiled = createTextShape(layout, options);
    return compiled && createShapeScanner(space, times, { known: [compiled], prefer() {}, learn() {} });
  }
  if (layout.kind !== 'json' || layout.text !== undefined) return undefined;
  return createShapeScanner(space, times, createJsonShapes(options));
}

function createShapeScanner(space: Space, times: { use(): void }, shapes: Shapes): KindScanner {
  const { bytes: all, head } = space;
  const batch = createBatch(space);
  const taken = { batch, filtered: 0, end: 0, result: undefined as LineResult | undefined };
  const linesRead = () => (head[HEAD.rows] ?? 0) + (head[HEAD.filtered] ?? 0);

  /** Reads usual lines; returns where the first line begins that is none. */
  function run(from: number, limit: number): number {
    let at = from;
    for (let index = 0; index < shapes.known.length && at < limit; index += 1) {
      const shape = shapes.known[index];
      const rows = batch.length;
      const next = shape?.run(at, limit) ?? at;
      if (next === at) continue;
      shape?.finish(rows, batch.length);
      at = next;
      shapes.prefer(index);
      index = -1;
    }
    return at;
  }

  /** Looks at a line that was not read, and learns from it or says what it is. Returns where the next one begins. */
  function look(at: number, limit: number, maxLineBytes: number): number {
    for (const [index, shape] of shapes.known.entries()) {
      const end = shape.follow(at);
      if (end === -1) continue;
      const newline = all.indexOf(LF, end);
      if (newline - at > maxLineBytes) continue;
      shapes.prefer(index);
      const next = shape.teach() ? run(at, limit) : at;
      if (next > at) return next;
      // Looked at again, as another shape may have looked at it since.
      shape.follow(at);
      taken.result = shape.read();
      return taken.result === undefined ? at : newline + 1;
    }
    return at;
  }

  function begin(maxLineBytes: number, leavesWrapped: boolean): void {
    head[HEAD.rows] = 0;
    head[HEAD.filtered] = 0;
    head[HEAD.maxLineBytes] = maxLineBytes;
    head[HEAD.leavesWrapped] = leavesWrapped ? 1 : 0;
    times.use();
    renewIds(space);
    taken.result = undefined;
  }

  return {
    learn: shapes.learn,
    read({ bytes, start, limit, maxLineBytes, leavesWrapped }: Piece): Taken {
      begin(maxLineBytes, leavesWrapped);
      const piece = bringIn(space, bytes, start, limit);
      let at = run(piece.at, piece.limit);
      // What is known may change only while no line waits to be taken.
      if (at < piece.limit && linesRead() === 0) at = look(at, piece.limit, maxLineBytes);
      taken.end = start + at - piece.at;
      taken.filtered = head[HEAD.filtered] ?? 0;
      return taken;
    },
    scan(bytes, start, end) {
      const length = end - start;
      if (length === 0 || length >= READ_BYTES) return undefined;
      begin(length, false);
      bytes.copy(all, AT.scratch, start, end);
      all[AT.scratch + length] = LF;
      const index = shapes.known.findIndex(({ follow }) => follow(AT.scratch) === AT.scratch + length);
      const result = shapes.known[index]?.read();
      if (index > 0) shapes.prefer(index);
      return result;
    },
  };
}

/** Where the lines stand in the space: where they were read to, or as many of them as are copied. */
function bringIn({ bytes: all }: Space, bytes: Buffer, start: number, limit: number) {
  const offset = bytes.byteOffset + start;
  if (bytes.buffer === all.buffer) return { at: offset, limit: offset + limit - start };
  const length = bytes.copy(all, AT.scratch, start, Math.min(limit, start + COPIED_BYTES));
  const whole = all.subarray(AT.scratch, AT.scratch + length).lastIndexOf(LF) + 1;
  return { at: AT.scratch, limit: AT.scratch + whole };
}
