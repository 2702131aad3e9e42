import { InvalidAnswerError, parseFields } from './head.ts';

const LF = 0x0a;
/** Longest line of a chunk's size with its extensions, which nobody uses, and of a trailer section. */
const MAX_LINE_BYTES = 16 * 1024;
/** `1a` or `1a;name=value` (RFC 9112 section 7.1.1); 2^52 bytes are more than any answer. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,13})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

/**
 * Takes the framing of a chunked body away (RFC 9112 section 7.1).
 *
 *   size line → data → its line end → size line … → 0 → trailer lines → blank line → over
 */
export class ChunkedDecoder {
  readonly #onData: (chunk: Buffer) => void;
  readonly #trailerLines: string[] = [];
  #state: 'size' | 'data' | 'data_end' | 'trailer' | 'over' = 'size';
  #left = 0;
  #line = '';
  #trailerBytes = 0;

  constructor(onData: (chunk: Buffer) => void) {
    this.#onData = onData;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Flat. */
  get trailers(): readonly string[] {
    return parseFields(this.#trailerLines);
  }

  /** Takes the next bytes; returns those behind the end of the body. Throws an InvalidAnswerError. */
  push(bytes: Buffer): Buffer {
    let at = 0;
    while (at < bytes.length && this.#state !== 'over')
      at = this.#state === 'data' ? this.#data(bytes, at) : this.#takeLine(bytes, at);
    return bytes.subarray(at);
  }

  #data(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    if (this.#left === 0) this.#state = 'data_end';
    this.#onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    return end;
  }

  #takeLine(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at);
    const end = lf === -1 ? bytes.length : lf;
    if (this.#line.length + end - at > MAX_LINE_BYTES)
      throw new InvalidAnswerError('a chunk begins with a line without end');
    const part = bytes.toString('latin1', at, end);
    const line = this.#line === '' ? part : this.#line + part;
    if (lf === -1) {
      this.#line = line;
      return end;
    }
    this.#line = '';
    // A bare LF is read by some and not by others: the ground of smuggling (RFC 9112 section 11.2).
    if (!line.endsWith('\r')) throw new InvalidAnswerError('a line of a chunked body does not end in CRLF');
    this.#ends(line.slice(0, -1));
    return lf + 1;
  }

  #ends(line: string): void {
    if (this.#state === 'size') this.#size(line);
    else if (this.#state === 'data_end') {
      if (line !== '') throw new InvalidAnswerError('a chunk is longer than its size says');
      this.#state = 'size';
    } else if (line === '') this.#state = 'over';
    else this.#trailer(line);
  }

  #size(line: string): void {
    const digits = SIZE_LINE.exec(line)?.[1];
    if (digits === undefined) throw new InvalidAnswerError('a chunk has no valid size');
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'data';
  }

  #trailer(line: string): void {
    this.#trailerBytes += line.length;
    if (this.#trailerBytes > MAX_LINE_BYTES) throw new InvalidAnswerError('the trailers are too long');
    this.#trailerLines.push(line);
  }
}
