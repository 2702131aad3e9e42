import type { Piece } from './parsed-line.ts';

const LF = 10;
const CR = 13;
const NUL = 0;
const NOTHING = Buffer.alloc(0);
const ZEROS = Buffer.alloc(16 * 1024);

/** Above this a held line's memory is given back when the line ends; below it the memory is kept for the next one. */
const KEPT_BYTES = 64 * 1024;

/** What was left behind the last newline when a source ended. */
export type Leftover = 'nothing' | 'line' | 'too_long';

/** Lines that were read without having been cut out. */
export interface Ahead {
  /** How many. */
  readonly lines: number;
  /** Behind the newline of the last one. */
  readonly end: number;
}

const NONE_AHEAD: Ahead = Object.freeze({ lines: 0, end: 0 });

export interface LineSplitterOptions {
  readonly maxLineBytes: number;
  /** Begins inside an over-long line whose beginning was let go already. */
  readonly isSkipping?: boolean | undefined;
  /** One line without its LF or CRLF; the bytes are only good during the call. */
  readonly onLine: (bytes: Buffer, start: number, end: number) => void;
  /**
   * Reads lines without being told where they end, as long as that is easy.
   */
  readonly ahead?: ((piece: Piece) => Ahead) | undefined;
  /** Called once for each over-long line, where it ends. */
  readonly onTooLong: () => void;
}

/**
 * Cuts a stream of chunks into lines, however the chunks fall. A line inside one chunk is handed on where it lies; only a line that
 * crosses a border is copied. An over-long line is let go as soon as it passes the limit, so memory is bounded by `maxLineBytes`
 * whatever is written; reading is in step again at the next newline.
 *
 * NULs before a line are no part of it. A writer that does not append (no O_APPEND) goes on at its old place after its file was cut, and
 * the file then begins with a hole that reads as NULs, as long as all that was ever written: it must not hide the first line after it.
 */
export class LineSplitter {
  readonly #options: LineSplitterOptions;
  /** May change at any time; it holds for the line that was begun, too. */
  maxLineBytes: number;
  #held = NOTHING;
  #heldLength = 0;
  #skipping = false;
  #nulBytes = 0;

  constructor(options: LineSplitterOptions) {
    this.#options = options;
    this.maxLineBytes = options.maxLineBytes;
    this.#skipping = options.isSkipping ?? false;
  }

  /** Memory taken by a line whose end has not been seen. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Bytes of a line whose end has not been seen and that may still become one. */
  get pendingBytes(): number {
    return this.#heldLength;
  }

  /** NULs before lines that went by: bytes of no line. */
  get nulBytes(): number {
    return this.#nulBytes;
  }

  /** Inside an over-long line: its bytes are dropped as they come. */
  get isSkipping(): boolean {
    return this.#skipping;
  }

  /** Takes the next bytes; returns how many lines ended in them. */
  push(chunk: Buffer): number {
    const limit = this.#options.ahead === undefined ? 0 : chunk.lastIndexOf(LF) + 1;
    let lines = 0;
    let start = this.#skipping || this.#heldLength > 0 ? 0 : this.#afterNuls(chunk, 0);
    for (;;) {
      const ahead = this.#readAhead(chunk, start, limit);
      let end = ahead.end;
      if (ahead.lines === 0) {
        const newline = chunk.indexOf(LF, start);
        if (newline === -1) break;
        this.#endLine(chunk, start, newline);
        end = newline + 1;
      }
      lines += Math.max(ahead.lines, 1);
      start = this.#afterNuls(chunk, end);
    }
    if (start < chunk.length) this.#hold(chunk, start, chunk.length);
    return lines;
  }

  /** Forgets the line that was begun and says what it was. */
  abandon(): Leftover {
    const leftover = this.#skipping ? 'too_long' : this.#heldLength > 0 ? 'line' : 'nothing';
    this.#reset();
    return leftover;
  }

  /** Ends the line that was begun as if a newline had come; returns how many lines that were (0 or 1). */
  finish(): number {
    if (!this.#skipping && this.#heldLength === 0) return 0;
    this.#endLine(NOTHING, 0, 0);
    return 1;
  }

  /** A line that was begun in another chunk is for the usual way. */
  #readAhead(chunk: Buffer, start: number, limit: number): Ahead {
    const { ahead } = this.#options;
    if (ahead === undefined || this.#skipping || this.#heldLength > 0 || start >= limit) return NONE_AHEAD;
    return ahead({ bytes: chunk, start, limit, maxLineBytes: this.maxLineBytes, leavesWrapped: false });
  }

  #endLine(chunk: Buffer, start: number, end: number): void {
    if (this.#heldLength === 0 && !this.#skipping) {
      this.#emit(chunk, start, end);
      return;
    }
    this.#hold(chunk, start, end);
    if (this.#skipping) this.#options.onTooLong();
    else this.#emit(this.#held, 0, this.#heldLength);
    this.#reset();
  }

  #emit(bytes: Buffer, start: number, end: number): void {
    if (end - start > this.maxLineBytes) this.#options.onTooLong();
    else this.#options.onLine(bytes, start, end > start && bytes[end - 1] === CR ? end - 1 : end);
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    if (this.#skipping) return;
    const length = this.#heldLength + end - start;
    if (length > this.maxLineBytes) {
      this.#reset();
      this.#skipping = true;
      return;
    }
    if (length > this.#held.length) this.#grow(length);
    chunk.copy(this.#held, this.#heldLength, start, end);
    this.#heldLength = length;
  }

  /** Doubles, so that a line which comes in byte by byte is not copied once for each byte. */
  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, this.#held.length * 2), this.maxLineBytes));
    this.#held.copy(larger, 0, 0, this.#heldLength);
    this.#held = larger;
  }

  #reset(): void {
    this.#skipping = false;
    this.#heldLength = 0;
    if (this.#held.length > KEPT_BYTES) this.#held = NOTHING;
  }

  /** The first place from `start` on that holds no NUL; the end of the chunk if all do. */
  #afterNuls(chunk: Buffer, start: number): number {
    if (chunk[start] !== NUL) return start;
    let at = start;
    // A hole may be long: compared in blocks it passes faster than it is read.
    while (at + ZEROS.length <= chunk.length && chunk.compare(ZEROS, 0, ZEROS.length, at, at + ZEROS.length) === 0) {
      at += ZEROS.length;
    }
    while (chunk[at] === NUL) at += 1;
    this.#nulBytes += at - start;
    return at;
  }
}
