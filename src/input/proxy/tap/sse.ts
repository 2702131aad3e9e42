import { type BoundedCopy, createBoundedCopy } from './bounded-copy.ts';
import { createGathered } from './gathered.ts';

/** One server-sent event. */
export interface SseFrame {
  /** The `event:` field, empty when there is none. */
  readonly event: string;
  /** The `data:` lines joined by newlines; empty in a frame longer than the bound. */
  readonly data: string;
}

/** Takes the bytes of an event stream as they come. */
export interface SseSplitter {
  push(chunk: Buffer): void;
  /** The stream is over: a last frame that lacks its blank line is still handed out, since servers do forget it. */
  end(): void;
}

/** Longest frame that is kept; OpenAI's `response.completed` repeats the whole answer and is the longest in use. */
const MAX_FRAME_BYTES = 1024 * 1024;

/** Of each end of a longer one: token counts stand behind the image or the text that makes it long. */
const MAX_END_BYTES = 8 * 1024;

/** What a data line counts beyond its bytes, about what its string costs: a frame of a million empty ones is long too. */
const LINE_COST_BYTES = 32;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DATA = Buffer.from('data:');

/**
 * Splits a byte stream into events as https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * says: lines end in CRLF, LF or CR, a blank line ends a frame, `:` starts a comment. Chunks may be cut anywhere, inside
 * a character too. Of a frame above `maxFrameBytes` only the event name is kept, and `onLong` hears what stands at its two ends, unparsed,
 * right before; frames without data are not events.
 */
export function createSseSplitter({
  onFrame,
  onLong = () => undefined,
  maxFrameBytes = MAX_FRAME_BYTES,
}: {
  readonly onFrame: (frame: SseFrame) => void;
  readonly onLong?: (ends: string) => void;
  readonly maxFrameBytes?: number;
}): SseSplitter {
  return new Splitter(onFrame, onLong, maxFrameBytes);
}

class Splitter implements SseSplitter {
  readonly #onFrame: (frame: SseFrame) => void;
  readonly #onLong: (ends: string) => void;
  readonly #maxFrameBytes: number;
  /** The start of a line whose end has not come yet, and its length, which counts on when the bytes are not kept. */
  readonly #partial = createGathered();
  #partialBytes = 0;
  #frameBytes = 0;
  /** A CR ended the last chunk; an LF that follows belongs to it. */
  #afterCr = false;
  #first = true;
  #event = '';
  #data: string | undefined;
  /** Of a frame that is too long. */
  #ends: BoundedCopy | undefined;

  constructor(onFrame: (frame: SseFrame) => void, onLong: (ends: string) => void, maxFrameBytes: number) {
    this.#onFrame = onFrame;
    this.#onLong = onLong;
    this.#maxFrameBytes = maxFrameBytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let at = this.#afterCr && chunk[0] === LF ? 1 : 0;
    this.#afterCr = false;
    let lf = chunk.indexOf(LF, at);
    let cr = chunk.indexOf(CR, at);
    while (lf !== -1 || cr !== -1) {
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      this.#line(chunk, at, end);
      at = end + 1;
      if (end === cr) {
        this.#afterCr = at === chunk.length;
        if (chunk[at] === LF) at += 1;
      }
      if (lf !== -1 && lf < at) lf = next(LF, chunk, at);
      if (cr !== -1 && cr < at) cr = next(CR, chunk, at);
    }
    this.#keep(chunk, at);
  }

  end(): void {
    if (this.#partialBytes > 0) this.#line(Buffer.alloc(0), 0, 0);
    this.#dispatch();
  }

  #keep(chunk: Buffer, start: number): void {
    const length = chunk.length - start;
    if (length === 0) return;
    this.#grow(length);
    this.#partialBytes += length;
    if (!this.#isTooLong()) this.#partial.push(chunk.subarray(start));
    else this.#ends?.push(chunk.subarray(start));
  }

  #line(chunk: Buffer, start: number, end: number): void {
    const length = this.#partialBytes + end - start;
    if (length === 0) {
      this.#dispatch();
      return;
    }
    this.#grow(end - start);
    if (!this.#isTooLong()) {
      if (this.#partialBytes > 0) this.#partial.push(chunk.subarray(start, end));
      if (this.#partialBytes > 0) this.#field(this.#partial.bytes().toString('utf8'));
      else if (isData(chunk, start)) this.#dataLine(chunk, start + DATA.length, end);
      else this.#field(chunk.toString('utf8', start, end));
    } else this.#ends?.push(chunk.subarray(start, end));
    this.#partial.clear();
    this.#partialBytes = 0;
  }

  #grow(bytes: number): void {
    this.#frameBytes += bytes;
    if (!this.#isTooLong()) return;
    if (this.#ends === undefined) {
      this.#ends = createBoundedCopy(MAX_END_BYTES);
      this.#ends.push(this.#partial.bytes());
    }
    this.#partial.clear();
    this.#data = '';
  }

  #isTooLong(): boolean {
    return this.#frameBytes > this.#maxFrameBytes;
  }

  /** A line of which all streams are made, without the detour over its name; `start` is behind the colon. */
  #dataLine(chunk: Buffer, start: number, end: number): void {
    this.#first = false;
    this.#add(chunk.toString('utf8', chunk[start] === SPACE && start < end ? start + 1 : start, end));
  }

  #field(text: string): void {
    const line = this.#first && text.startsWith('\uFEFF') ? text.slice(1) : text;
    this.#first = false;
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    // Old llama.cpp sends its errors as a field of their own: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    if (name === 'data' || name === 'error') this.#add(value);
    else if (name === 'event') this.#event = value;
  }

  #add(value: string): void {
    this.#grow(LINE_COST_BYTES);
    if (this.#isTooLong()) this.#ends?.push(Buffer.from(value));
    else this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  #dispatch(): void {
    if (this.#ends !== undefined) this.#onLong(this.#ends.bytes().toString('utf8'));
    this.#ends = undefined;
    if (this.#data !== undefined) this.#onFrame({ event: this.#event, data: this.#data });
    this.#event = '';
    this.#data = undefined;
    this.#frameBytes = 0;
  }
}

/** Where the next such byte stands, -1 when there is none. A blank line, and the end of the chunk, cost no search. */
function next(byte: number, chunk: Buffer, from: number): number {
  if (from === chunk.length) return -1;
  return chunk[from] === byte ? from : chunk.indexOf(byte, from);
}

function isData(chunk: Buffer, start: number): boolean {
  for (let at = 0; at < DATA.length; at += 1) {
    if (chunk[start + at] !== DATA[at]) return false;
  }
  return true;
}
