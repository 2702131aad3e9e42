import type { LogFormat } from '../formats/log-format.ts';
import type { LineResult, LookAhead } from '../parsed-line.ts';
import type { CompiledShape } from './compiled.ts';
import { createJsonShapes } from './json/shapes.ts';
import { createLine, type Line, lookAt } from './line.ts';
import type { Meaning } from './reading.ts';
import { createTextShape } from './text/shape.ts';

export interface KindScannerOptions extends Omit<Meaning, 'timeIsStart'> {
  /** With the user's choice of fields in it. */
  readonly format: LogFormat;
}

/**
 * Reads the usual lines of one kind from their bytes, with the results of the slow reader and in a fraction of its time. What is in any
 * way unusual it leaves to that: an escape in a value that is wanted, keys that were not met before.
 *
 * An event that it gives is used again for the next line, and its request id is made of the bytes when it is asked for: both are good
 * until then.
 */
export interface KindScanner {
  /** Undefined: the line is for the slow reader. */
  scan(bytes: Buffer, start: number, end: number): LineResult | undefined;
  readonly ahead: LookAhead;
  /** Looks at a line that was left to the slow reader, to know others like it. */
  learn(bytes: Buffer, start: number, end: number): void;
}

const SPACE = 0x20;
const BRACE = 0x7b;
const TILDE = 0x7e;
const LF = 0x0a;
const CR = 0x0d;

/** Whether a scanner knows what each part of a format means; where it does not, the kinds that have it are not scanned. */
const IS_KNOWN: Readonly<Record<keyof LogFormat, boolean>> = {
  ...{
    title: true,
    layout: true,
    fields: true,
    durationUnit: true,
    units: true,
    signs: true,
    mixed: true,
    vague: true,
    hasPath: true,
  },
  ...{
    timeIsStart: true,
    timeIsOptional: true,
    durationParts: true,
    between: true,
    codes: true,
    upstream: true,
    marks: true,
  },
  // Lines that belong together have a memory between them.
  joins: false,
};

/** Undefined for kinds that are not scanned. */
export function createKindScanner(rest: KindScannerOptions): KindScanner | undefined {
  const { layout } = rest.format;
  // Safe: the keys of a format are those of its type.
  if (Object.keys(rest.format).some((key) => !IS_KNOWN[key as keyof LogFormat])) return undefined;
  const line = createLine();
  const options = { ...rest, line, timeIsStart: rest.format.timeIsStart === true };
  if (layout.kind === 'text' && layout.lists === undefined) {
    const compiled = createTextShape(layout, options);
    return compiled && createTextScanner(compiled, line);
  }
  return layout.kind === 'json' && layout.text === undefined ? createJsonScanner(options) : undefined;
}

function createJsonScanner(options: Parameters<typeof createJsonShapes>[0]): KindScanner {
  const { line } = options;
  const { known, prefer, learn } = createJsonShapes(options);
  const ahead = {
    end: -1,
    read(bytes: Buffer, start: number, limit: number): LineResult | undefined {
      const view = lookAt(line, bytes);
      for (let index = 0; index < known.length; index += 1) {
        const compiled = known[index];
        if (compiled === undefined) continue;
        ahead.end = newlineAt(view, compiled.follow(view, start, limit), limit);
        if (ahead.end === -1) continue;
        if (index > 0) prefer(index);
        return compiled.read();
      }
      return undefined;
    },
  };
  return {
    ahead,
    learn,
    scan(bytes, start, end) {
      const view = lookAt(line, bytes);
      const index = known.findIndex(({ follow }) => follow(view, start, end) === end);
      const result = known[index]?.read();
      if (index > 0) prefer(index);
      return result;
    },
  };
}

function createTextScanner({ follow, read }: CompiledShape, line: Line): KindScanner {
  const ahead = {
    end: -1,
    read(bytes: Buffer, start: number, limit: number): LineResult | undefined {
      const view = lookAt(line, bytes);
      const end = follow(view, start, limit);
      ahead.end = newlineAt(view, end, limit);
      return ahead.end !== -1 && isText(view, start, end) ? read() : undefined;
    },
  };
  return {
    ahead,
    learn() {},
    scan(bytes, start, end) {
      const view = lookAt(line, bytes);
      return end > start && isText(view, start, end) && follow(view, start, end) === end ? read() : undefined;
    },
  };
}

/** Where the newline is if the line ends at `end`, else -1. */
function newlineAt(view: DataView, end: number, limit: number): number {
  if (end === -1 || end >= limit) return -1;
  const byte = view.getUint8(end);
  if (byte === LF) return end;
  return byte === CR && end + 1 < limit && view.getUint8(end + 1) === LF ? end + 1 : -1;
}

/** Text begins and ends with what nobody would cut off, and does not look like JSON. */
function isText(view: DataView, start: number, end: number): boolean {
  const first = view.getUint8(start);
  const last = view.getUint8(end - 1);
  return first > SPACE && first <= TILDE && first !== BRACE && last > SPACE && last <= TILDE;
}
