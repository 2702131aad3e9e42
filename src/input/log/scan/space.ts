import type { RequestEvent } from '../../../event/request-event.ts';
import { findEngine, type Memory } from './wasm/engine.ts';

/** Most lines of one batch: somewhat more than what one read of a log usually holds. */
export const MAX_ROWS = 2048;
/** The row for a line that is looked at by itself. */
export const SPARE_ROW = MAX_ROWS;
/**
 * Most that one read takes, and the longest piece that is scanned in one go. Also how far before a file's end its last line is looked for when
 * what is there is passed over.
 */
export const READ_BYTES = 256 * 1024;
/** Most values of a line. */
export const MAX_SLOTS = 96;
/** Longest value that is remembered: clients must not choose how much is kept. */
export const MAX_KEPT_BYTES = 200;
/** Values that are remembered, and kinds of lines. Powers of two. */
export const VALUES = 4096;
export const KINDS = 8192;
/** So many neighbours are the places where one of them may stand: of a thousand, none is without one for long. */
export const WAYS = 4;
/** Bytes of a remembered value, and of a kind with the ids of at most MAX_CHOICES values. */
export const VALUE_BYTES = 256;
export const KIND_BYTES = 128;
export const MAX_CHOICES = KIND_BYTES / 4 - 3;
/** So many digits stay below 2^53, and ten to so many is exact: the quotient of two exact doubles is the double nearest to it. */
export const MAX_DIGITS = 15;

/** What stands where in the memory that all kernels share. Whatever is read sixteen bytes at a time has room behind it. */
export const AT = layOut({
  read: READ_BYTES + 64,
  /** Lines that stand elsewhere are copied here. */
  scratch: READ_BYTES + 64,
  head: 64,
  /** Where each value of the line that was followed last begins and ends. */
  slots: 8 * MAX_SLOTS,
  /** Of the same line: the ids of its choices, in the order of its slots. */
  ids: 4 * MAX_CHOICES,
  time: 128,
  powers: 8 * (MAX_DIGITS + 1),
  kindOf: 4 * (MAX_ROWS + 1),
  lineAt: 4 * (MAX_ROWS + 1),
  timeMs: 8 * (MAX_ROWS + 1),
  durationSeconds: 8 * (MAX_ROWS + 1),
  firstTokenSeconds: 8 * (MAX_ROWS + 1),
  inputTokens: 8 * (MAX_ROWS + 1),
  outputTokens: 8 * (MAX_ROWS + 1),
  kinds: KINDS * KIND_BYTES,
  values: VALUES * VALUE_BYTES,
});

/** Integers of the head, by their index: what kernels are told, and what they tell. */
export const HEAD = {
  /** Lines that became rows, and lines that were filtered. */
  rows: 0,
  filtered: 1,
  maxLineBytes: 2,
  /** 1 where a line that looks as if a container runtime wrapped it is to be left alone. */
  leavesWrapped: 3,
  /** Whose times are read. */
  owner: 4,
  /** The id that a value was given last. */
  lastId: 5,
  /** Of the line that was followed last: 1 if it is not as lines of its shape usually are. */
  isOdd: 6,
  /** Which of its numbers were blank, one bit each. */
  blanks: 7,
  /** The place of its kind, or the one to put it in. */
  kind: 8,
  isKnown: 9,
} as const;

/** What a kind begins with. */
export const KIND = { verdict: 0, shape: 1, blanks: 2, ids: 3 } as const;
/** Verdicts of kinds: an event, no request, or to be asked each time. */
export const VERDICT = { event: 0, filtered: 1, ask: 2 } as const;

/** What lines of one kind are. */
export interface KnownKind {
  readonly event: RequestEvent;
  /** Writes a row into the event. */
  fill(row: number): void;
  /** The request id of the line that begins there. */
  requestId(lineAt: number): string | undefined;
}

/** The memory in which lines are read: one for all scanners, as reading is never interrupted. */
export interface Space {
  readonly memory: Memory;
  /** All of it. */
  readonly bytes: Buffer;
  /** Reads into this need not be copied. */
  readonly read: Buffer;
  readonly head: Int32Array;
  readonly slots: Int32Array;
  readonly ids: Int32Array;
  readonly kinds: Int32Array;
  /** By the number of the kind. */
  readonly known: (KnownKind | undefined)[];
  readonly events: (RequestEvent | undefined)[];
  readonly kindOf: Int32Array;
  readonly lineAt: Int32Array;
  readonly timeMs: Float64Array;
  readonly durationSeconds: Float64Array;
  readonly firstTokenSeconds: Float64Array;
  readonly inputTokens: Float64Array;
  readonly outputTokens: Float64Array;
}

const PAGE_BYTES = 65_536;
export const PAGES = Math.ceil(AT.end / PAGE_BYTES);

/** Ids are given out again from the first one on long before they would run out. */
const MAX_ID = 2 ** 30;

/** Forgets all values and kinds if so many values came that ids would run out; only while no row waits to be taken. */
export function renewIds({ head, memory }: Space): void {
  if ((head[HEAD.lastId] ?? 0) < MAX_ID) return;
  new Uint8Array(memory.buffer, AT.kinds, KINDS * KIND_BYTES).fill(0);
  new Uint8Array(memory.buffer, AT.values, VALUES * VALUE_BYTES).fill(0);
  head[HEAD.lastId] = 0;
}

let made: { readonly space: Space | undefined } | undefined;

/** Made when it is first asked for. Undefined where Node has no WebAssembly (--jitless) or no memory for it. */
export function scanSpace(): Space | undefined {
  made ??= { space: makeSpace() };
  return made.space;
}

function makeSpace(): Space | undefined {
  const memory = makeMemory();
  if (memory === undefined) return undefined;
  const { buffer } = memory;
  const integers = (at: number, length: number) => new Int32Array(buffer, at, length);
  const column = (at: number) => new Float64Array(buffer, at, MAX_ROWS + 1);
  new Float64Array(buffer, AT.powers, MAX_DIGITS + 1).set(
    Array.from({ length: MAX_DIGITS + 1 }, (_, power) => 10 ** power),
  );
  return {
    memory,
    bytes: Buffer.from(buffer),
    read: Buffer.from(buffer, AT.read, READ_BYTES),
    head: integers(AT.head, 16),
    slots: integers(AT.slots, 2 * MAX_SLOTS),
    ids: integers(AT.ids, MAX_CHOICES),
    kinds: integers(AT.kinds, (KINDS * KIND_BYTES) / 4),
    known: new Array<KnownKind | undefined>(KINDS).fill(undefined),
    events: new Array<RequestEvent | undefined>(KINDS).fill(undefined),
    kindOf: integers(AT.kindOf, MAX_ROWS + 1),
    lineAt: integers(AT.lineAt, MAX_ROWS + 1),
    timeMs: column(AT.timeMs),
    durationSeconds: column(AT.durationSeconds),
    firstTokenSeconds: column(AT.firstTokenSeconds),
    inputTokens: column(AT.inputTokens),
    outputTokens: column(AT.outputTokens),
  };
}

function makeMemory(): Memory | undefined {
  const engine = findEngine();
  try {
    return engine && new engine.Memory({ initial: PAGES, maximum: PAGES });
  } catch {
    // No room for it in the address space (ulimit -v): lines are read slowly then.
    return undefined;
  }
}

/** One place behind the other, each on a border that suits all types. */
function layOut<K extends string>(sizes: Readonly<Record<K, number>>): Readonly<Record<K | 'end', number>> {
  let end = 0;
  const places: [string, number][] = Object.entries<number>(sizes).map(([name, size]) => {
    const at = end;
    end = Math.ceil((at + size) / 64) * 64;
    return [name, at];
  });
  // Safe: one entry for each key, and the end.
  return Object.fromEntries([...places, ['end', end]]) as Record<K | 'end', number>;
}
