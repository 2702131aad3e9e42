import { InvalidMessageError, parseFields } from './fields.ts';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SEMICOLON = 0x3b;
const DEL = 0x7f;
/** Longest line of a chunk's size with its extensions, which nobody uses, and of a trailer section. */
const MAX_LINE_BYTES = 16 * 1024;
/** One more digit than this and a size would not be exact any more; it is more than any answer. */
const MAX_SIZE_BEFORE_DIGIT = 2 ** 48;

/** A size of so many digits is a small integer, in any engine's sense. */
const MAX_DIGITS_AT_ONCE = 7;

/** What is shorter is moved byte by byte: a call of node's costs more. */
const MAX_BYTES_ONE_BY_ONE = 32;

/** What the next byte is. `size` has seen no digit yet. */
type Place =
  | 'size'
  | 'digits'
  | 'space'
  | 'extension'
  | 'size_lf'
  | 'data'
  | 'data_cr'
  | 'data_lf'
  | 'trailer'
  | 'over';

/**
 * Takes the framing of a chunked body away (RFC 9112 section 7.1).
 *
 *   size line → data → its line end → size line … → 0 → trailer lines → blank line → over
 *
 * A stream of an LLM is some hundred chunks of a hundred bytes each, so no text is made of sizes. Line ends are
 * CRLF: a bare LF is read by some and not by others, the ground of smuggling (RFC 9112 section 11.2).
 */
export class ChunkedDecoder {
  readonly #onData: (chunk: Buffer) => void;
  readonly #mayPad: boolean;
  readonly #trailerLines: string[] = [];
  #place: Place = 'size';
  /** Of the bytes that are being read: the data so far stands here, moved together. */
  #dataStart = 0;
  #dataEnd = 0;
  /** Of the chunk: its size while that is read, then what is still to come. */
  #left = 0;
  #lineBytes = 0;
  #line = '';
  #trailerBytes = 0;

  /**
   * What one read brings of the data is handed on as one piece: chunks may be as short as a byte, and each would cost us more than its sender.
   * `mayPad`: spaces may stand behind a size, as some old servers write them; no client does.
   */
  constructor(onData: (chunk: Buffer) => void, { mayPad = true }: { readonly mayPad?: boolean } = {}) {
    this.#onData = onData;
    this.#mayPad = mayPad;
  }

  get isOver(): boolean {
    return this.#place === 'over';
  }

  /** Flat. */
  get trailers(): readonly string[] {
    return parseFields(this.#trailerLines);
  }

  /**
   * Takes the next bytes, and moves the data of several chunks together in them; returns those behind the end of the body. Throws an
   * InvalidMessageError, once the data before it is handed on.
   */
  push(bytes: Buffer): Buffer {
    this.#dataStart = 0;
    this.#dataEnd = 0;
    try {
      return bytes.subarray(this.#read(bytes));
    } finally {
      this.#handOn(bytes);
    }
  }

  /** Up to where the body goes. */
  #read(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.#place !== 'over') {
      const from = at;
      if (this.#place === 'data') at = this.#data(bytes, at);
      else if (this.#place === 'trailer') at = this.#trailer(bytes, at);
      else if (this.#place === 'size') at = this.#sizeAtOnce(bytes, at);
      if (at > from) continue;
      this.#framing(bytes[at] ?? 0);
      at += 1;
    }
    return at;
  }

  /** Reads a size line of nothing but digits, as nearly all are, when it is here as a whole; else takes nothing. */
  #sizeAtOnce(bytes: Buffer, start: number): number {
    const end = Math.min(start + MAX_DIGITS_AT_ONCE, bytes.length - 2);
    let at = start;
    let size = 0;
    for (; at < end; at += 1) {
      const digit = hexDigit(bytes[at] ?? 0);
      if (digit === -1) break;
      size = size * 16 + digit;
    }
    if (size === 0 || bytes[at] !== CR || bytes[at + 1] !== LF) return start;
    this.#left = size;
    this.#place = 'data';
    return at + 2;
  }

  #data(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const endsLine = this.#left === 0 && bytes[end] === CR && bytes[end + 1] === LF;
    if (this.#left === 0) this.#place = endsLine ? 'size' : 'data_cr';
    this.#gather(bytes, at, end);
    return endsLine ? end + 2 : end;
  }

  #gather(bytes: Buffer, from: number, end: number): void {
    const length = end - from;
    const to = this.#dataEnd;
    if (to === 0) this.#dataStart = from;
    else if (length > MAX_BYTES_ONE_BY_ONE) bytes.copyWithin(to, from, end);
    else for (let at = 0; at < length; at += 1) bytes[to + at] = bytes[from + at] ?? 0;
    this.#dataEnd = to === 0 ? end : to + length;
  }

  #handOn(bytes: Buffer): void {
    const start = this.#dataStart;
    const end = this.#dataEnd;
    if (end > 0) this.#onData(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  #framing(byte: number): void {
    if (this.#place === 'data_cr' || this.#place === 'data_lf') {
      if (byte !== (this.#place === 'data_cr' ? CR : LF))
        throw new InvalidMessageError('a chunk is longer than its size');
      this.#place = this.#place === 'data_cr' ? 'data_lf' : 'size';
    } else if (this.#place === 'size_lf') {
      if (byte !== LF) throw new InvalidMessageError('the line of a chunk size does not end in CRLF');
      this.#lineBytes = 0;
      this.#place = this.#left === 0 ? 'trailer' : 'data';
    } else this.#sizeLine(byte);
  }

  #sizeLine(byte: number): void {
    this.#lineBytes += 1;
    if (this.#lineBytes > MAX_LINE_BYTES) throw new InvalidMessageError('a chunk begins with a line without end');
    const digit = this.#place === 'size' || this.#place === 'digits' ? hexDigit(byte) : -1;
    if (digit !== -1) this.#digit(digit);
    else if (this.#place === 'size') throw new InvalidMessageError('a chunk has no size');
    else if (byte === CR) this.#place = 'size_lf';
    else if (this.#place === 'extension') {
      if ((byte < SPACE && byte !== TAB) || byte === DEL)
        throw new InvalidMessageError('a chunk extension holds a control character');
    } else if (byte === SEMICOLON) this.#place = 'extension';
    else if (this.#mayPad && (byte === SPACE || byte === TAB)) this.#place = 'space';
    else throw new InvalidMessageError('a chunk has no valid size');
  }

  #digit(digit: number): void {
    if (this.#place === 'size') this.#left = 0;
    if (this.#left >= MAX_SIZE_BEFORE_DIGIT) throw new InvalidMessageError('a chunk is too large');
    this.#left = this.#left * 16 + digit;
    this.#place = 'digits';
  }

  #trailer(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at);
    const end = lf === -1 ? bytes.length : lf;
    this.#trailerBytes += end - at;
    if (this.#trailerBytes > MAX_LINE_BYTES) throw new InvalidMessageError('the trailers are too long');
    this.#line += bytes.toString('latin1', at, end);
    if (lf === -1) return end;
    if (!this.#line.endsWith('\r')) throw new InvalidMessageError('a line of the trailers does not end in CRLF');
    if (this.#line === '\r') this.#place = 'over';
    else this.#trailerLines.push(this.#line.slice(0, -1));
    this.#line = '';
    return lf + 1;
  }
}

/** -1: none. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
