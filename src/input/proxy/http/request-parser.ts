import { headerValue } from '../../../provider/headers/parsed-headers.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { InvalidMessageError } from './fields.ts';
import { HeadReader } from './head-reader.ts';
import { isMethodChar, MAX_METHOD_BYTES, NO_REQUEST_LINE, parseRequestHead, type RequestHead } from './request-head.ts';

/** What the bytes of a connection turn out to be. */
export interface RequestSink {
  head(head: RequestHead): void;
  data(chunk: Buffer): void;
  /** The request is complete; trailers are flat. */
  end(trailers: readonly string[]): void;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
/** Too late: who takes these from the trailers reads another body (RFC 9110 section 6.5.1). */
const FRAMING = ['content-length', 'transfer-encoding'];
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads the requests of one connection, one at a time, however the bytes are cut (RFC 9112). As strict as the parser of answers: what could be
 * read in two ways is refused, since the server behind us might read it the other way (RFC 9112 section 11.2).
 *
 *   head → body by length | chunks → head …
 *
 * Behind a head without a body, and behind a body, it stops: what follows is the next request, or another protocol.
 */
export class RequestParser {
  readonly #sink: RequestSink;
  readonly #heads: HeadReader;
  #isInBody = false;
  #left = 0;
  #chunks: ChunkedDecoder | undefined;

  constructor(sink: RequestSink, maxHeadBytes: number) {
    this.#sink = sink;
    this.#heads = new HeadReader(maxHeadBytes, refuseOther);
  }

  /** Whether a head has begun and is not here as a whole. */
  get isInHead(): boolean {
    return this.#heads.hasBegun;
  }

  /**
   * Takes bytes up to the end of a request, and returns what is behind that. Throws an InvalidMessageError or a HeadTooLargeError; where the
   * next request begins is not known then. A body with a coding that is not known is never over.
   */
  push(bytes: Buffer): Buffer {
    if (!this.#isInBody) {
      const found = this.#heads.push(this.isInHead ? bytes : withoutBlankLines(bytes));
      if (found === undefined) return NOTHING;
      this.#begin(parseRequestHead(found.text));
      if (!this.#isInBody || found.rest.length === 0) return found.rest;
      return this.#body(found.rest);
    }
    return this.#body(bytes);
  }

  #begin(head: RequestHead): void {
    const { framing } = head;
    this.#isInBody = framing.kind !== 'none';
    this.#left = framing.kind === 'length' ? framing.length : Number.POSITIVE_INFINITY;
    this.#chunks = framing.kind === 'chunked' ? this.#createDecoder() : undefined;
    this.#sink.head(head);
    if (!this.#isInBody) this.#sink.end([]);
  }

  #createDecoder(): ChunkedDecoder {
    return new ChunkedDecoder((chunk) => this.#sink.data(chunk), { mayPad: false });
  }

  #body(bytes: Buffer): Buffer {
    if (this.#chunks !== undefined) {
      const rest = this.#chunks.push(bytes);
      if (this.#chunks.isOver) this.#ends(this.#chunks.trailers);
      return rest;
    }
    const taken = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= taken.length;
    this.#sink.data(taken);
    if (this.#left === 0) this.#ends([]);
    return taken.length === bytes.length ? NOTHING : bytes.subarray(taken.length);
  }

  #ends(trailers: readonly string[]): void {
    if (FRAMING.some((name) => headerValue(trailers, name) !== undefined))
      throw new InvalidMessageError('a trailer says where the body ends');
    this.#isInBody = false;
    this.#chunks = undefined;
    this.#sink.end(trailers);
  }
}

/** Some clients send a line end too many behind a body (RFC 9112 section 2.2). */
function withoutBlankLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === CR || bytes[at] === LF) at += 1;
  return at === 0 ? bytes : bytes.subarray(at);
}

/** What will never be a request is refused now: bytes of TLS, a line of something else. */
function refuseOther(begun: Buffer): void {
  let at = 0;
  while (at < begun.length && isMethodChar(begun[at] ?? 0)) at += 1;
  const isMethod = at > 0 && at <= MAX_METHOD_BYTES && (at === begun.length || begun[at] === SPACE);
  if (begun.length > 0 && !isMethod) throw new InvalidMessageError(NO_REQUEST_LINE);
}
