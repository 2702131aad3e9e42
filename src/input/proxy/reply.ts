import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import { headerValue } from '../../provider/headers/parsed-headers.ts';
import { withoutTrailer } from './headers.ts';
import type { WrittenAnswer } from './own-answer.ts';
import type { AnswerHead } from './upstream/call.ts';
import { flushAfterRead } from './upstream/reads.ts';

/** The head of an answer; headers are flat (name, value, name, value) and go out as they are. */
export interface ReplyHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: string[];
  /** False asks the client not to use its connection again. */
  readonly keepAlive: boolean;
}

const HEX = '0123456789abcdef';
const CR = 0x0d;
const LF = 0x0a;

/** A shorter last piece goes out as text behind the head: one write of one string costs less than a gathered one. */
const MAX_TEXT_BYTES = 8 * 1024;

/**
 * The client's side of an exchange: an answer that is handed on as it comes, with nothing added. A client that takes
 * nothing for `idleMs` is given up; upstream's own limit does not run while it has to wait for that client.
 *
 * What comes in one read goes out together at its end: head, pieces and end of a short answer in one system call. Once a chunked answer
 * flows, its chunks are framed here and not by node:http, which makes four writes of each and gathers them again.
 */
export class Reply {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #onDrain: () => void;
  #status: number | undefined;
  /** What came in this read; with its end the bytes belong to their sender again, so all that is written is a copy. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #willFlush = false;
  /** The head is with the socket, and nothing of node:http's stands before what is written there. */
  #flows = false;
  /** `write` has asked to stop. */
  #owesDrain = false;
  #awaitsDrain = false;
  #hasSwitched = false;
  #cancelStall: (() => void) | undefined;

  constructor({
    response,
    clock,
    idleMs,
    onClose,
    onDrain,
  }: {
    readonly response: ServerResponse;
    readonly clock: Clock;
    readonly idleMs: number;
    readonly onClose: () => void;
    readonly onDrain: () => void;
  }) {
    this.#response = response;
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onDrain = onDrain;
    response.sendDate = false;
    response.on('close', onClose);
    // Writing to a client that has just left is an error of node's; its close says the same and is handled.
    response.on('error', ignore);
  }

  /** The status that went to the client; undefined as long as none did. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Whether the whole answer has been handed to the system. */
  get isFinished(): boolean {
    return this.#response.writableFinished || this.#hasSwitched;
  }

  /** Another protocol has begun in its place; `switched` ends it in good order. */
  switches(status: number): void {
    this.#status = status;
  }

  switched(): void {
    this.#hasSwitched = true;
  }

  /** A 1xx, as it came. HTTP/1.0 has none (RFC 9110 section 15.2), and behind a pipelined answer it has no place. */
  information({ status, reason, headers }: AnswerHead): void {
    const { socket, headersSent, req } = this.#response;
    if (socket === null || headersSent || req.httpVersion !== '1.1') return;
    let text = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
    socket.write(`${text}\r\n`, 'latin1');
  }

  /** Headers go out with the first pieces where those are already here, and on their own where they are not. */
  head({ status, reason, headers, keepAlive }: ReplyHead): void {
    if (!keepAlive) this.#response.shouldKeepAlive = false;
    this.#response.writeHead(status, reason, this.#withoutVainTrailer(status, headers));
    this.#status = status;
    this.#flushLater();
  }

  /** False asks to stop until `onDrain`. */
  write(chunk: Buffer): boolean {
    // As a chunk it would be the last one.
    if (chunk.length === 0) return true;
    this.#pieces.push(chunk);
    this.#pieceBytes += chunk.length;
    this.#flushLater();
    const goOn = this.#pieceBytes + this.#response.writableLength < this.#response.writableHighWaterMark;
    if (!goOn) this.#owesDrain = true;
    return goOn;
  }

  end(trailers: readonly string[]): void {
    if (trailers.length > 0) this.#addTrailers(trailers);
    const response = this.#response;
    const only = this.#flows || this.#pieces.length !== 1 ? undefined : this.#takePieces()[0];
    // Whatever is corked here goes out with the end.
    if (this.#pieces.length > 0) response.socket?.cork();
    if (this.#pieces.length > 0) this.#writePieces();
    if (only === undefined) response.end();
    else if (only.length > MAX_TEXT_BYTES) response.end(Buffer.from(only));
    else response.end(only.toString('latin1'), 'latin1');
    // Where the system has taken everything, nothing is waited for any more.
    if (this.#response.writableLength > 0) this.#watchStall();
  }

  /** All at once: each call replaces what the one before it added. */
  #addTrailers(trailers: readonly string[]): void {
    const pairs: [string, string][] = [];
    for (let at = 0; at + 1 < trailers.length; at += 2) pairs.push([trailers[at] ?? '', trailers[at + 1] ?? '']);
    this.#response.addTrailers(pairs);
  }

  /** Sends an answer of our own. */
  own({ status, reason, headers, body }: WrittenAnswer, keepAlive: boolean): void {
    if (!keepAlive) this.#response.shouldKeepAlive = false;
    this.#response.sendDate = true;
    // node would keep the phrase of an answer of the upstream's whose head it refused.
    this.#response.writeHead(status, reason, [...headers]);
    this.#status = status;
    this.#response.end(body);
    this.#watchStall();
  }

  /** Ends the client's connection without ending the body: what was forwarded still arrives, and then the break shows. */
  cut(): void {
    if (this.#pieces.length > 0) this.#writePieces();
    this.#watchStall();
    const { socket } = this.#response;
    if (socket === null) this.#response.destroy();
    // node holds what was written in this turn until it ends.
    else process.nextTick(() => socket.destroySoon());
  }

  /** The client is gone or has everything. */
  closed(): void {
    this.#cancelStall?.();
  }

  /** Announcing trailers behind a body that is not chunked, node throws (RFC 9110 section 6.5.1). */
  #withoutVainTrailer(status: number, headers: string[]): string[] {
    const hasTrailer = headerValue(headers, 'trailer') !== undefined;
    return hasTrailer && !this.#isChunked(status, headers) ? withoutTrailer(headers) : headers;
  }

  /** Whether node will send the body in chunks. */
  #isChunked(status: number, headers: readonly string[]): boolean {
    const { method, httpVersion } = this.#response.req;
    const hasBody = method !== 'HEAD' && status !== 204 && status !== 304;
    return hasBody && httpVersion === '1.1' && headerValue(headers, 'content-length') === undefined;
  }

  #flushLater(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    flushAfterRead(this);
  }

  /** The read is over, or the turn. */
  flush(): void {
    this.#willFlush = false;
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    if (this.#pieces.length > 0) this.#writePieces();
    // Its flushHeaders would write bytes above 0x7f as UTF-8, two for each.
    else if (!this.#flows) response.write('', 'latin1');
    this.#flows = response.chunkedEncoding && response.socket !== null;
  }

  #writePieces(): void {
    const goOn = this.#flows ? this.#writeChunk() : this.#writeThroughNode();
    if (!goOn) this.#watchStall();
    else if (this.#owesDrain) this.#drained();
  }

  #takePieces(): readonly Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    return pieces;
  }

  /** With the head, where that is not out yet. */
  #writeThroughNode(): boolean {
    const response = this.#response;
    const length = this.#pieceBytes;
    response.write(Buffer.concat(this.#takePieces(), length));
    const goOn = !response.writableNeedDrain;
    if (!goOn && !this.#awaitsDrain) response.once('drain', this.#drained);
    this.#awaitsDrain ||= !goOn;
    return goOn;
  }

  #writeChunk(): boolean {
    const { socket } = this.#response;
    if (socket === null) return this.#writeThroughNode();
    const length = this.#pieceBytes;
    const goOn = socket.write(framed(this.#takePieces(), length));
    if (!goOn && !this.#awaitsDrain) socket.once('drain', this.#drained);
    this.#awaitsDrain ||= !goOn;
    return goOn;
  }

  readonly #drained = (): void => {
    this.#owesDrain = false;
    this.#awaitsDrain = false;
    this.#cancelStall?.();
    this.#onDrain();
  };

  #watchStall(): void {
    this.#cancelStall?.();
    this.#cancelStall = this.#clock.after(this.#idleMs, () => this.#response.destroy());
  }
}

function ignore(): void {}

/** One chunk (RFC 9112 section 7.1); bytes are set one by one, as a call of node's for two of them costs more than ten. */
function framed(pieces: readonly Buffer[], length: number): Buffer {
  const digits = hexDigits(length);
  const chunk = Buffer.allocUnsafe(digits + length + 4);
  for (let at = digits, left = length; at > 0; left >>>= 4) {
    at -= 1;
    chunk[at] = HEX.charCodeAt(left & 0xf);
  }
  let at = endLine(chunk, digits);
  for (const piece of pieces) {
    chunk.set(piece, at);
    at += piece.length;
  }
  endLine(chunk, at);
  return chunk;
}

function hexDigits(value: number): number {
  return Math.ceil((32 - Math.clz32(value)) / 4);
}

function endLine(chunk: Buffer, at: number): number {
  chunk[at] = CR;
  chunk[at + 1] = LF;
  return at + 2;
}
