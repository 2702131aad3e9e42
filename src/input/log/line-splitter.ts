const LF = 10;
const CR = 13;
const NOTHING = Buffer.alloc(0);

/** Above this a held line's memory is given back when the line ends; below it the memory is kept for the next one. */
const KEPT_BYTES = 64 * 1024;

/** What was left behind the last newline when a source ended. */
export type Leftover = 'nothing' | 'line' | 'too_long';

export interface LineSplitterOptions {
  readonly maxLineBytes: number;
  /** One line without its LF or CRLF; the bytes are only good during the call. */
  readonly onLine: (bytes: Buffer, start: number, end: number) => void;
  /** Called once for each over-long line, where it ends. */
  readonly onTooLong: () => void;
}

/**
 * Cuts a stream of chunks into lines, however the chunks fall. A line inside one chunk is handed on where it lies; only a line that
 * crosses a border is copied. An over-long line is let go as soon as it passes the limit, so memory is bounded by `maxLineBytes`
 * whatever is written; reading is in step again at the next newline.
 */
export class LineSplitter {
  readonly #options: LineSplitterOptions;
  /** May change at any time; it holds for the line that was begun, too. */
  maxLineBytes: number;
  #held = NOTHING;
  #heldLength = 0;
  #skipping = false;

  constructor(options: LineSplitterOptions) {
    this.#options = options;
    this.maxLineBytes = options.maxLineBytes;
  }

  /** Memory taken by a line whose end has not been seen. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Takes the next bytes; returns how many lines ended in them. */
  push(chunk: Buffer): number {
    let lines = 0;
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#endLine(chunk, start, end);
      lines += 1;
      start = end + 1;
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
}
