import { ChunkedDecoder } from './chunked-decoder.ts';
import { type Framing, InvalidAnswerError, type ParsedHead, parseHead } from './head.ts';

/** What the bytes of a connection turn out to be. */
export interface AnswerSink {
  /** Also for each 1xx but 101. */
  head(head: ParsedHead): void;
  data(chunk: Buffer): void;
  /** The answer is complete; `rest` is what came behind it and belongs to no request. */
  end(trailers: readonly string[], rest: Buffer): void;
  /** 101: `rest` and all that follows is not HTTP any more. */
  upgrade(head: ParsedHead, rest: Buffer): void;
}

const LF = 0x0a;
const CR = 0x0d;
/** CR LF CR LF */
const HEAD_END_BYTES = 4;
const BEGINNING = 'HTTP/1.';
const FIRST_HOLD_BYTES = 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/** The head is larger than allowed. */
export class HeadTooLargeError extends Error {
  override readonly name = 'HeadTooLargeError';
}

/**
 * Reads the answers of one connection, one at a time, however the bytes are cut (RFC 9112). Strict: whatever could be read in two ways
 * (two framings, bare line ends in heads, folded lines) is refused, since a client behind us might read it the other way.
 *
 *   head → (1xx: head again) → body by length | chunks | until close → end → idle
 */
export class AnswerParser {
  readonly #sink: AnswerSink;
  readonly #maxHeadBytes: number;
  #method = 'GET';
  #state: 'idle' | 'head' | 'body' = 'idle';
  /** The beginning of a head, in a buffer that doubles: a head that comes byte by byte costs no more than its length. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  #framing: Framing = { kind: 'none' };
  #left = 0;
  #chunks: ChunkedDecoder | undefined;

  constructor(sink: AnswerSink, maxHeadBytes: number) {
    this.#sink = sink;
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** The next bytes belong to the answer to a request of this method. */
  expect(method: string): void {
    this.#method = method;
    this.#state = 'head';
    this.#heldBytes = 0;
  }

  /** Throws an InvalidAnswerError or a HeadTooLargeError; the connection is of no use then. */
  push(bytes: Buffer): void {
    if (this.#state === 'idle') throw new InvalidAnswerError('bytes that belong to no request');
    let rest = bytes;
    while (this.#state === 'head' && rest.length > 0) rest = this.#head(rest);
    // Once: the answer's end is told with what is left, and by then another request may have been announced.
    if (rest.length > 0) this.#body(rest);
  }

  /** The connection ended; true when that was the end of an answer, in good order. */
  close(): boolean {
    if (this.#state !== 'body' || this.#framing.kind !== 'until_close') return false;
    this.#finish([], NOTHING);
    return true;
  }

  /** Returns what comes behind a head that does not end the answer. */
  #head(bytes: Buffer): Buffer {
    const before = this.#heldBytes;
    const all = before === 0 ? bytes : this.#hold(bytes);
    // The blank line may have begun in what was held.
    const end = headEnd(all, Math.max(0, before - HEAD_END_BYTES + 1));
    if ((end === -1 ? all.length : end) > this.#maxHeadBytes) throw new HeadTooLargeError('head too large');
    if (end === -1) {
      refuseHopeless(all, before);
      if (before === 0) this.#hold(bytes);
      return NOTHING;
    }
    this.#held = NOTHING;
    this.#heldBytes = 0;
    return this.#begin(parseHead(all.toString('latin1', 0, end), this.#method), all.subarray(end + HEAD_END_BYTES));
  }

  #hold(bytes: Buffer): Buffer {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * length, FIRST_HOLD_BYTES));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes = length;
    return this.#held.subarray(0, length);
  }

  #begin(head: ParsedHead, rest: Buffer): Buffer {
    if (head.status === 101) {
      this.#state = 'idle';
      this.#sink.upgrade(head, rest);
      return NOTHING;
    }
    if (head.status < 200) {
      this.#sink.head(head);
      return rest;
    }
    this.#framing = head.framing;
    this.#left = head.framing.kind === 'length' ? head.framing.length : 0;
    this.#chunks = head.framing.kind === 'chunked' ? new ChunkedDecoder((chunk) => this.#sink.data(chunk)) : undefined;
    this.#state = 'body';
    this.#sink.head(head);
    if (head.framing.kind !== 'none') return rest;
    this.#finish([], rest);
    return NOTHING;
  }

  #body(bytes: Buffer): void {
    if (this.#chunks !== undefined) {
      const rest = this.#chunks.push(bytes);
      if (this.#chunks.isOver) this.#finish(this.#chunks.trailers, rest);
    } else if (this.#framing.kind === 'until_close') {
      this.#sink.data(bytes);
    } else {
      const taken = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
      this.#left -= taken.length;
      this.#sink.data(taken);
      if (this.#left === 0) this.#finish([], taken === bytes ? NOTHING : bytes.subarray(taken.length));
    }
  }

  #finish(trailers: readonly string[], rest: Buffer): void {
    this.#state = 'idle';
    this.#sink.end(trailers, rest);
  }
}

/** Where the blank line begins, -1 where it is not here. A byte that is none of its own rules out all places that it would have in it. */
function headEnd(bytes: Buffer, from: number): number {
  let at = from + HEAD_END_BYTES - 1;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte !== LF && byte !== CR) at += HEAD_END_BYTES;
    else if (byte === LF && bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at - 3;
    else at += 1;
  }
  return -1;
}

/** What will never be a head is refused now: its end may never come, and the request would wait for its timeout. */
function refuseHopeless(bytes: Buffer, from: number): void {
  const begins = Math.min(bytes.length, BEGINNING.length);
  if (from < BEGINNING.length && bytes.toString('latin1', 0, begins) !== BEGINNING.slice(0, begins))
    throw new InvalidAnswerError('no status line');
  for (let lf = bytes.indexOf(LF, from); lf !== -1; lf = bytes.indexOf(LF, lf + 1))
    if (lf === 0 || bytes[lf - 1] !== CR) throw new InvalidAnswerError('a line of the head does not end in CRLF');
}
