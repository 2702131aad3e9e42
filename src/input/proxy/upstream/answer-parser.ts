import { ChunkedDecoder } from './chunked-decoder.ts';
import { type Framing, InvalidAnswerError, type ParsedHead, parseHead } from './head.ts';

/** What the bytes of a connection turn out to be. */
export interface AnswerSink {
  /** Also for each 1xx. */
  head(head: ParsedHead): void;
  data(chunk: Buffer): void;
  /** The answer is complete. */
  end(trailers: readonly string[]): void;
}

const HEAD_END = '\r\n\r\n';
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
  #state: 'idle' | 'head' | 'body' | 'upgraded' = 'idle';
  #held: Buffer = NOTHING;
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
    this.#held = NOTHING;
  }

  /** Throws an InvalidAnswerError or a HeadTooLargeError; the connection is of no use then. Returns what is not HTTP any more (101). */
  push(bytes: Buffer): Buffer {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#state === 'upgraded') return rest;
      if (this.#state === 'idle') throw new InvalidAnswerError('bytes that belong to no request');
      rest = this.#state === 'head' ? this.#readHead(rest) : this.#readBody(rest);
    }
    return rest;
  }

  /** The connection ended; true when that was the end of an answer, in good order. */
  close(): boolean {
    if (this.#state !== 'body' || this.#framing.kind !== 'until_close') return false;
    this.#finish([]);
    return true;
  }

  #readHead(bytes: Buffer): Buffer {
    const before = this.#held.length;
    const all = before === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    // The blank line may have begun in what was held.
    const end = all.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length), 'latin1');
    if ((end === -1 ? all.length : end) > this.#maxHeadBytes) throw new HeadTooLargeError('head too large');
    if (end === -1) {
      this.#held = all;
      return NOTHING;
    }
    this.#held = NOTHING;
    this.#begin(parseHead(all.toString('latin1', 0, end), this.#method));
    return all.subarray(end + HEAD_END.length);
  }

  #begin(head: ParsedHead): void {
    if (head.status === 101) this.#state = 'upgraded';
    if (head.status < 200) {
      this.#sink.head(head);
      return;
    }
    this.#framing = head.framing;
    this.#left = head.framing.kind === 'length' ? head.framing.length : 0;
    this.#chunks = head.framing.kind === 'chunked' ? new ChunkedDecoder((chunk) => this.#sink.data(chunk)) : undefined;
    this.#state = 'body';
    this.#sink.head(head);
    if (head.framing.kind === 'none') this.#finish([]);
  }

  #readBody(bytes: Buffer): Buffer {
    if (this.#chunks !== undefined) {
      const rest = this.#chunks.push(bytes);
      if (this.#chunks.isOver) this.#finish(this.#chunks.trailers);
      return rest;
    }
    if (this.#framing.kind === 'until_close') {
      this.#sink.data(bytes);
      return NOTHING;
    }
    const taken = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= taken.length;
    this.#sink.data(taken);
    if (this.#left === 0) this.#finish([]);
    return bytes.subarray(taken.length);
  }

  #finish(trailers: readonly string[]): void {
    this.#state = 'idle';
    this.#sink.end(trailers);
  }
}
