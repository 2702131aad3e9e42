import type { Transform } from 'node:stream';
import { openDecoder } from './decode.ts';
import { createGathered } from './gathered.ts';

/** Most of a coded body that is kept; a prompt packs to a quarter or less. */
const MAX_CODED_BYTES = 256 * 1024;
/** Of all bodies together that are here in part: clients may begin thousands and end none. */
const MAX_KEPT_BYTES = 32 * 1024 ** 2;
/** Most that is read of what it unpacks to. */
const MAX_PLAIN_BYTES = 1024 ** 2;
/** Bodies that may wait to be unpacked. */
const MAX_WAITING = 64;

export interface CodedBodyOptions {
  /** A coding that `openDecoder` knows. */
  readonly coding: string;
  /** A piece of what it unpacks to; false: no more is needed. */
  readonly onPlain: (plain: Buffer) => boolean;
}

let keptBytes = 0;
let isUnpacking = false;
const waiting: (() => void)[] = [];

/**
 * A copy of the start of a request body that is coded, unpacked when all of it is here.
 *
 *   kept → waits → unpacked | dropped → over
 *
 * A few bytes may be made to cost a decoder 30 ms (a large window to fill, a megabyte of zeros), so it never works on the event loop, and on
 * one body of this process at a time: whoever sends such bodies slows down nothing but the naming of models. Of a body beyond the bounds,
 * that does not unpack, or that comes when too many wait, nothing is known.
 */
export class CodedBody {
  readonly #options: CodedBodyOptions;
  readonly #gathered = createGathered();
  #length = 0;
  #state: 'kept' | 'unpacking' | 'over' = 'kept';
  #whenOver: (() => void)[] = [];

  constructor(options: CodedBodyOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    if (this.#state !== 'kept') return;
    const piece = chunk.subarray(0, MAX_CODED_BYTES - this.#length);
    if (keptBytes + piece.length > MAX_KEPT_BYTES) {
      this.drop();
      return;
    }
    keptBytes += piece.length;
    this.#length += piece.length;
    this.#gathered.push(piece);
    // The start of a packed text unpacks to the start of the text.
    if (this.#length === MAX_CODED_BYTES) this.end();
  }

  /** All that there will be of it is here. */
  end(): void {
    if (this.#state !== 'kept') return;
    if (waiting.length >= MAX_WAITING) {
      this.drop();
      return;
    }
    this.#state = 'unpacking';
    waiting.push(() => this.#unpack());
    unpackNext();
  }

  /** The rest will not come. */
  drop(): void {
    if (this.#state === 'kept') this.#ends();
  }

  /** Runs `task` once it is unpacked, if it is on its way to be; else now. */
  whenOver(task: () => void): void {
    if (this.#state === 'unpacking') this.#whenOver.push(task);
    else task();
  }

  #unpack(): void {
    const decoder = openDecoder(this.#options.coding);
    if (decoder === undefined) this.#unpacked();
    else this.#read(decoder);
  }

  #read(decoder: Transform): void {
    let left = MAX_PLAIN_BYTES;
    decoder.on('data', (plain: Buffer) => {
      left -= plain.length;
      if (!this.#options.onPlain(plain) || left <= 0) decoder.destroy();
    });
    // A start breaks off, and what is damaged the API will name: either way it is closed then.
    decoder.on('error', () => undefined).on('close', () => this.#unpacked());
    // Apart, or what breaks off would be an error before its last piece is handed over.
    decoder.write(this.#gathered.bytes());
    decoder.end();
  }

  #unpacked(): void {
    isUnpacking = false;
    this.#ends();
    unpackNext();
  }

  #ends(): void {
    this.#state = 'over';
    keptBytes -= this.#length;
    this.#gathered.clear();
    const tasks = this.#whenOver;
    this.#whenOver = [];
    for (const task of tasks) task();
  }
}

function unpackNext(): void {
  if (isUnpacking) return;
  const next = waiting.shift();
  if (next === undefined) return;
  isUnpacking = true;
  next();
}
