import { ChunkedDecoder } from '../http/chunked-decoder.ts';
import { InvalidMessageError } from '../http/fields.ts';
import { HeadReader } from '../http/head-reader.ts';
import { type Framing, type ParsedHead, parseHead } from './head.ts';

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

const BEGINNING = 'HTTP/1.';
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads the answers of one connection, one at a time, however the bytes are cut (RFC 9112). Strict: whatever could be read in two ways
 * (two framings, bare line ends in heads, folded lines) is refused, since a client behind us might read it the other way.
 *
 *   head → (1xx: head again) → body by length | chunks | until close → end → idle
 */
export class AnswerParser {
  readonly #sink: AnswerSink;
  readonly #heads: HeadReader;
  #method = 'GET';
  #state: 'idle' | 'head' | 'body' = 'idle';
  #framing: Framing = { kind: 'none' };
  #left = 0;
  #chunks: ChunkedDecoder | undefined;

  constructor(sink: AnswerSink, maxHeadBytes: number) {
    this.#sink = sink;
    this.#heads = new HeadReader(maxHeadBytes, refuseOther);
  }

  /** The next bytes belong to the answer to a request of this method. */
  expect(method: string): void {
    this.#method = method;
    this.#state = 'head';
    this.#heads.reset();
  }

  /** Throws an InvalidMessageError or a HeadTooLargeError; the connection is of no use then. */
  push(bytes: Buffer): void {
    if (this.#state === 'idle') throw new InvalidMessageError('bytes that belong to no request');
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
    const found = this.#heads.push(bytes);
    return found === undefined ? NOTHING : this.#begin(parseHead(found.text, this.#method), found.rest);
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

/** What will never be a head is refused now: the request would wait for its timeout. */
function refuseOther(begun: Buffer): void {
  const begins = Math.min(begun.length, BEGINNING.length);
  if (begun.toString('latin1', 0, begins) !== BEGINNING.slice(0, begins))
    throw new InvalidMessageError('no status line');
}
