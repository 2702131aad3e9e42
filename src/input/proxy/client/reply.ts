import type { Clock } from '../../../clock.ts';
import { headerValue } from '../../../provider/headers/parsed-headers.ts';
import { headersForClient, withoutTrailer } from '../headers.ts';
import { KEEP_ALIVE_MS } from '../limits/listener.ts';
import type { WrittenAnswer } from '../own-answer.ts';
import type { AnswerHead } from '../upstream/call.ts';
import { flushAfterRead } from '../upstream/reads.ts';
import type { ClientConnection, Running } from './client-connection.ts';
import type { ClientRequest } from './client-request.ts';
import { chunked, joined, LAST_CHUNK, lastChunk } from './framing.ts';

export interface ReplyOptions {
  readonly connection: Pick<ClientConnection<Running>, 'socket' | 'isLast' | 'refuseMore' | 'answered'>;
  readonly request: Pick<ClientRequest, 'method' | 'httpVersion'>;
  readonly clock: Clock;
  readonly idleMs: number;
  /** The whole answer has been handed to the system. */
  readonly onFinished: () => void;
  readonly onDrain: () => void;
}

/** How the client knows the end of a body (RFC 9112 section 6.3). */
type Framing = 'none' | 'length' | 'chunked' | 'until_close';

const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n`;
const CLOSE = 'Connection: close\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/**
 * The client's side of an exchange: an answer that is handed on as it comes, with nothing added but what is about this connection. A client
 * that takes nothing for `idleMs` is given up; upstream's own limit does not run while it has to wait for that client.
 *
 * What comes in one read goes out together at its end: head, pieces and end of a short answer in one system call.
 */
export class Reply {
  readonly #options: ReplyOptions;
  #status: number | undefined;
  #framing: Framing = 'none';
  /** That of the answer, until it is out. */
  #head = '';
  /** What came in this read; with its end the bytes belong to their sender again, so all that is written is a copy. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Set at the end: what goes out behind the body. */
  #behind: string | undefined;
  #willFlush = false;
  /** `write` has asked to stop. */
  #owesDrain = false;
  #isFinished = false;
  #cancelStall: (() => void) | undefined;

  constructor(options: ReplyOptions) {
    this.#options = options;
  }

  /** The status that went to the client; undefined as long as none did. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Whether the whole answer has been handed to the system. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Another protocol has begun in its place; `switched` ends it in good order. */
  switches(status: number): void {
    this.#status = status;
  }

  switched(): void {
    this.#isFinished = true;
  }

  /** A 1xx, as it came. HTTP/1.0 has none (RFC 9110 section 15.2). */
  information(head: AnswerHead): void {
    const { connection, request } = this.#options;
    if (this.#status !== undefined || request.httpVersion !== '1.1' || !connection.socket.writable) return;
    connection.socket.write(`${headText(head)}\r\n`, 'latin1');
  }

  /**
   * Headers go out with the first pieces where those are already here, and on their own where they are not. `keepAlive`: false asks the client
   * not to use its connection again.
   */
  head({ status, reason, headers: all }: AnswerHead, keepAlive: boolean): void {
    const { connection, request } = this.#options;
    const headers = headersForClient(all);
    this.#status = status;
    this.#framing = framingOf(status, headers, request);
    const isChunked = this.#framing === 'chunked';
    if (!keepAlive || this.#framing === 'until_close') connection.refuseMore();
    // Trailers have no place behind a body that is not chunked (RFC 9110 section 6.5.1).
    const kept = isChunked || headerValue(headers, 'trailer') === undefined ? headers : withoutTrailer(headers);
    const text = headText({ status, reason, headers: kept });
    this.#head = `${text}${connection.isLast ? CLOSE : KEEP_ALIVE}${isChunked ? CHUNKED : ''}\r\n`;
    this.#flushLater();
  }

  /** False asks to stop until `onDrain`. */
  write(chunk: Buffer): boolean {
    // As a chunk it would be the last one.
    if (chunk.length === 0) return true;
    this.#pieces.push(chunk);
    this.#pieceBytes += chunk.length;
    this.#flushLater();
    const { socket } = this.#options.connection;
    const goOn = this.#pieceBytes + socket.writableLength < socket.writableHighWaterMark;
    if (!goOn) this.#owesDrain = true;
    return goOn;
  }

  end(trailers: readonly string[]): void {
    if (this.#framing !== 'chunked') this.#behind = '';
    else this.#behind = trailers.length === 0 ? LAST_CHUNK : lastChunk(headersForClient(trailers));
    this.#flushLater();
  }

  /** Sends an answer of our own. */
  own({ status, reason, headers, body }: WrittenAnswer, keepAlive: boolean): void {
    const date = new Date(this.#options.clock.nowMs()).toUTCString();
    this.head({ status, reason, headers: [...headers, 'Date', date] }, keepAlive);
    if (this.#options.request.method !== 'HEAD') this.write(Buffer.from(body));
    this.end([]);
  }

  /** Ends the client's connection without ending the body: what was forwarded still arrives, and then the break shows. */
  cut(): void {
    const { connection } = this.#options;
    this.#send();
    this.#watchStall();
    connection.refuseMore();
    connection.answered();
  }

  /** The client is gone or has everything. */
  closed(): void {
    this.#cancelStall?.();
  }

  #flushLater(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    flushAfterRead(this);
  }

  /** The read is over, or the turn. */
  flush(): void {
    this.#willFlush = false;
    const goOn = this.#send();
    if (this.#behind !== undefined) this.#ends();
    else if (!goOn) this.#watchStall();
    else if (this.#owesDrain) this.drained();
  }

  /** All that is here in one write; false where the system does not take it at once. */
  #send(): boolean {
    const { socket } = this.#options.connection;
    const pieces = this.#pieces;
    const length = this.#pieceBytes;
    const head = this.#head;
    const behind = this.#behind ?? '';
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#head = '';
    // Its close is told by the connection.
    if (!socket.writable || (length === 0 && head === '' && behind === '')) return true;
    const body = { head, pieces, length, behind };
    const out = this.#framing === 'chunked' ? chunked(body) : joined(body);
    return typeof out === 'string' ? socket.write(out, 'latin1') : socket.write(out);
  }

  /** Where the system has taken everything, nothing is waited for any more. */
  #ends(): void {
    const { socket } = this.#options.connection;
    if (socket.destroyed) return;
    if (socket.writable && socket.writableLength === 0) {
      this.#finishes();
      return;
    }
    // A client that has closed its half has left, but what is on its way to it may keep the connection open.
    if (socket.writable)
      socket.write('', (error) => {
        if (!error) this.#finishes();
      });
    this.#watchStall();
  }

  #finishes(): void {
    const { connection, onFinished } = this.#options;
    this.#isFinished = true;
    this.#cancelStall?.();
    connection.answered();
    onFinished();
  }

  /** The client has taken what waited for it. */
  drained(): void {
    this.#owesDrain = false;
    if (this.#behind === undefined) this.#cancelStall?.();
    this.#options.onDrain();
  }

  #watchStall(): void {
    const { clock, idleMs, connection } = this.#options;
    this.#cancelStall?.();
    this.#cancelStall = clock.after(idleMs, () => void connection.socket.destroy());
  }
}

function framingOf(
  status: number,
  headers: readonly string[],
  { method, httpVersion }: ReplyOptions['request'],
): Framing {
  if (method === 'HEAD' || status === 204 || status === 304) return 'none';
  if (headerValue(headers, 'content-length') !== undefined) return 'length';
  return httpVersion === '1.1' ? 'chunked' : 'until_close';
}

/** Without the blank line. */
function headText({ status, reason, headers }: AnswerHead): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return text;
}
