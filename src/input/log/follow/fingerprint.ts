import { createHash } from 'node:crypto';

/**
 * Bytes that are looked at to tell files apart: the first of a file, and the last before a place in it. Log lines of one format often
 * have equal lengths and equal ends; this many hold at least one whole usual line, with its time and request id.
 */
export const PRINT_BYTES = 1024;

/** 128 bits, in base64url: what a positions file holds of a log is never its content. */
const HASH_LENGTH = 22;

/** A hash of some bytes, and of how many. */
export interface Print {
  readonly length: number;
  readonly hash: string;
}

export const NO_PRINT: Print = { length: 0, hash: '' };

export function printOf(bytes: Buffer): Print {
  if (bytes.length === 0) return NO_PRINT;
  return { length: bytes.length, hash: createHash('sha256').update(bytes).digest('base64url').slice(0, HASH_LENGTH) };
}

/** Bytes at the end of what went by, at most PRINT_BYTES. */
class LastBytes {
  readonly #bytes = Buffer.allocUnsafe(PRINT_BYTES);
  #length = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Becomes the last of `before` with the first `end` bytes of `chunk` behind it. */
  set(before: Buffer, chunk: Buffer, end: number): void {
    const fromBefore = Math.min(Math.max(0, PRINT_BYTES - end), before.length);
    // `before` may be our own bytes: they move towards the start, which copy() does right.
    before.copy(this.#bytes, 0, before.length - fromBefore);
    const from = Math.max(0, end - PRINT_BYTES);
    chunk.copy(this.#bytes, fromBefore, from, end);
    this.#length = fromBefore + end - from;
  }
}

const NOTHING = Buffer.alloc(0);
const NULS = Buffer.alloc(PRINT_BYTES);

/** Where a trail begins: a place in a file, what stands before it and at the beginning of the file. */
export interface TrailStart {
  readonly offset: number;
  readonly head: Buffer;
  readonly marker: Buffer;
}

/**
 * What is remembered of the bytes of one file as they are read: enough to know the file again, and to see that it was cut. It keeps two
 * places: `end`, up to which was read, and `offset`, up to which was counted; between them lies a line that was only begun.
 */
export class Trail {
  readonly #head = Buffer.allocUnsafe(PRINT_BYTES);
  #headLength = 0;
  readonly #tail = new LastBytes();
  readonly #settled = new LastBytes();
  #end = 0;
  #offset = 0;
  #headPrint = NO_PRINT;
  #markerPrint: Print | undefined;

  constructor({ offset, head, marker }: TrailStart = { offset: 0, head: NOTHING, marker: NOTHING }) {
    this.#headLength = head.copy(this.#head);
    this.#tail.set(NOTHING, marker, marker.length);
    this.#settled.set(NOTHING, marker, marker.length);
    this.#end = offset;
    this.#offset = offset;
  }

  /** How far was read. */
  get end(): number {
    return this.#end;
  }

  /** How far was counted. */
  get offset(): number {
    return this.#offset;
  }

  /** The bytes before `end`, at most PRINT_BYTES. */
  get tail(): Buffer {
    return this.#tail.bytes;
  }

  /** The first bytes of the file, at most PRINT_BYTES. */
  get headBytes(): Buffer {
    return this.#head.subarray(0, this.#headLength);
  }

  get head(): Print {
    if (this.#headPrint.length !== this.#headLength) this.#headPrint = printOf(this.headBytes);
    return this.#headPrint;
  }

  /** The print of the bytes before `offset`. */
  get marker(): Print {
    this.#markerPrint ??= printOf(this.#settled.bytes);
    return this.#markerPrint;
  }

  /** The next bytes of the file went by, of which (with those before) the last `pending` are not counted yet. */
  pass(chunk: Buffer, pending: number): void {
    const counted = chunk.length - pending;
    if (counted > 0) this.#settle(chunk, counted);
    if (this.#headLength < PRINT_BYTES) this.#headLength += chunk.copy(this.#head, this.#headLength);
    this.#tail.set(this.#tail.bytes, chunk, chunk.length);
    this.#end += chunk.length;
  }

  /** As many NULs went by. */
  passNuls(count: number): void {
    this.pass(NULS.subarray(0, Math.min(count, NULS.length)), 0);
    // Those before the place are NULs in any case now.
    this.#end += Math.max(0, count - NULS.length);
    this.#offset = this.#end;
  }

  /** All that was read is counted now. */
  settle(): void {
    this.#settle(NOTHING, 0);
  }

  #settle(chunk: Buffer, counted: number): void {
    this.#settled.set(this.#tail.bytes, chunk, counted);
    this.#offset = this.#end + counted;
    this.#markerPrint = undefined;
  }
}
