import type { Duplex } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import { InvalidMessageError } from '../http/fields.ts';
import { HeadTooLargeError } from '../http/head-reader.ts';
import { AnswerParser } from './answer-parser.ts';
import { CALL_ERRORS, type Call, type CallError, type CallHandler, type CallRequest } from './call.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import type { ParsedHead } from './head.ts';
import { readBytes } from './reads.ts';
import { RequestWriter, type RequestWriterEvents } from './request-writer.ts';

/** How long the upstream may stay silent. LLM answers take minutes, so these only catch what is dead. */
export interface AnswerTimeouts {
  /** From the request's last byte to the answer's head, or its next 1xx. */
  readonly headersMs: number;
  /** Between two pieces of the answer, or of the request while the upstream takes none; it does not run while the client is waited for. */
  readonly idleMs: number;
}

export interface ConnectionOptions {
  /** Connected, and past TLS; left half-open when the other side has ended. */
  readonly socket: Duplex;
  readonly timeouts: AnswerTimeouts;
  readonly maxHeadBytes: number;
  readonly clock: Clock;
  /** The call is over and the connection can take another. */
  readonly onIdle: () => void;
  /** It will take no more calls: closed, or given away with an upgrade. */
  readonly onClosed: () => void;
}

/** What a server keeps idle connections for unless it says so: below Node's 5 s, far below nginx's 75 s. */
const DEFAULT_KEEP_MS = 4000;
/** A server's hint is taken with this much less, or a request would meet its close on the way. */
const KEEP_MARGIN_MS = 1000;
const MAX_KEEP_MS = 60_000;
/** How a connection ends that the server had closed while it was idle. */
const CLOSED_WHILE_IDLE: ReadonlySet<string> = new Set(['closed_early', 'ECONNRESET', 'EPIPE']);

/**
 * One connection to an upstream and the one call it carries. HTTP/1.1 without pipelining.
 *
 *   idle → send → (answer may begin before the request is out) → answer over and request out → idle
 *
 * Whatever breaks that order (bytes without a request, an answer that ends before its request is out, an abort, a parse error, the
 * upstream's close) ends the connection: only one that is certainly in step carries another request.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: Duplex;
  readonly #parser: AnswerParser;
  readonly #events: RequestWriterEvents;
  readonly #stopReading: () => void;
  #handler: CallHandler | undefined;
  #onLost: (() => void) | undefined;
  #writer: RequestWriter | undefined;
  #keepAlive = false;
  #keepMs = DEFAULT_KEEP_MS;
  #isPaused = false;
  #hasHead = false;
  #activeMs = 0;
  /** The time of this read is noted: the clock is asked once for all that comes with it. */
  #hasMoved = false;
  readonly #timer: Deadline;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#parser = new AnswerParser(
      {
        head: (head) => this.#head(head),
        data: (chunk) => this.#data(chunk),
        end: (trailers, rest) => this.#answerEnds(trailers, rest.length > 0),
        upgrade: (head, rest) => this.#upgrade(head, rest),
      },
      options.maxHeadBytes,
    );
    this.#events = {
      onSent: () => this.#requestSent(),
      onProgress: () => this.#isActive(),
      onBroken: () => this.#fail('request_broken'),
    };
    this.#timer = createDeadline(options.clock, () => this.#timeIsUp());
    this.#stopReading = readBytes(this.#socket, this.#receives);
    this.#socket.on('end', this.#socketEnds);
    this.#socket.on('error', this.#socketFails).on('close', this.#socketCloses);
  }

  /** False as soon as it is known to be of no use any more. */
  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * Sends a request; only when idle. `onLost` is called in place of the handler's `onError` when the connection closes before anything of
   * the answer has come.
   */
  send(request: CallRequest, handler: CallHandler, onLost?: () => void): Call {
    this.#handler = handler;
    this.#onLost = onLost;
    this.#hasHead = false;
    this.#keepAlive = false;
    this.#keepMs = DEFAULT_KEEP_MS;
    this.#parser.expect(request.method);
    handler.onConnected();
    // Told that there is a connection, the handler may have ended the call.
    if (this.#handler === handler) this.#write(request);
    return new ConnectionCall(this, handler);
  }

  /** Goes on with the answer, where it is still the one of this handler. */
  resume(handler: CallHandler): void {
    if (!this.#isPaused || this.#handler !== handler) return;
    this.#isPaused = false;
    this.#isActive();
    this.#socket.resume();
  }

  abort(handler: CallHandler): void {
    if (this.#handler === handler) this.destroy();
  }

  /** Ends it without a word to the handler. */
  destroy(): void {
    this.#over();
    this.#timer.clear();
    this.#socket.destroy();
  }

  #write(request: CallRequest): void {
    this.#writer = new RequestWriter(this.#socket, request, this.#events);
    this.#isActive();
    this.#timer.by(this.#activeMs + this.#lookMs());
    this.#writer.start();
  }

  #requestSent(): void {
    this.#isActive();
    this.#handler?.onSent();
  }

  readonly #receives = (bytes: Buffer): void => {
    this.#onLost = undefined;
    this.#hasMoved = false;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      if (error instanceof HeadTooLargeError) this.#fail('head_too_large');
      else if (error instanceof InvalidMessageError)
        this.#fails('invalid_answer', `${CALL_ERRORS.invalid_answer}: ${error.message}`);
      else throw error;
    }
  };

  #head(head: ParsedHead): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#moves();
    if (head.status < 200) {
      handler.onInformation(head);
      return;
    }
    this.#hasHead = true;
    this.#keepAlive = head.keepAlive;
    if (head.keepAliveSeconds !== undefined && head.keepAliveSeconds >= 0) {
      this.#keepMs = Math.min(head.keepAliveSeconds * 1000 - KEEP_MARGIN_MS, MAX_KEEP_MS);
    }
    handler.onHead(head);
  }

  #data(chunk: Buffer): void {
    this.#moves();
    if (this.#handler === undefined || this.#handler.onData(chunk) || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #answerEnds(trailers: readonly string[], hasMore: boolean): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    const isInStep = this.#keepAlive && !hasMore && this.#writer?.isWritten === true && this.#keepMs > 0;
    this.#over();
    if (isInStep) {
      if (this.#isPaused) this.#socket.resume();
      this.#isPaused = false;
      this.#moves();
      this.#timer.by(this.#activeMs + this.#keepMs);
      this.#options.onIdle();
    } else {
      this.destroy();
    }
    handler.onEnd(trailers);
  }

  readonly #socketEnds = (): void => {
    // An answer that ends with the connection ends here; any other is cut.
    if (!this.#parser.close()) this.#fail('closed_early');
    this.destroy();
  };

  readonly #socketFails = (error: Error): void => this.#fails(codeOf(error), error.message);

  readonly #socketCloses = (): void => {
    this.#fail('closed_early');
    this.#options.onClosed();
  };

  #upgrade(head: ParsedHead, first: Buffer): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#over();
    this.#timer.clear();
    this.#socket.pause();
    this.#stopReading();
    this.#socket.off('end', this.#socketEnds);
    this.#socket.off('error', this.#socketFails).off('close', this.#socketCloses);
    this.#options.onClosed();
    handler.onUpgrade(head, this.#socket, Buffer.from(first));
  }

  /** Something of the answer has come. */
  #moves(): void {
    if (!this.#hasMoved) this.#isActive();
    this.#hasMoved = true;
  }

  #isActive(): void {
    this.#activeMs = this.#options.clock.elapsedMs();
  }

  /**
   * One timer for all calls of a connection and the times between them: what happens only notes the time, and a timer that comes too early
   * waits for the rest.
   */
  #timeIsUp(): void {
    const isIdle = this.#handler === undefined;
    const dueMs = this.#activeMs + (isIdle ? this.#keepMs : this.#limitMs());
    const nowMs = this.#options.clock.elapsedMs();
    if (dueMs > nowMs) this.#timer.by(isIdle ? dueMs : Math.min(dueMs, nowMs + this.#lookMs()));
    else if (isIdle) this.destroy();
    else this.#fail(this.#hasHead ? 'idle_timeout' : 'headers_timeout');
  }

  /** The shorter of the two limits: whichever begins to count between two looks ends after the second. */
  #lookMs(): number {
    return Math.min(this.#options.timeouts.headersMs, this.#options.timeouts.idleMs);
  }

  /** How long nothing may happen now. */
  #limitMs(): number {
    const { headersMs, idleMs } = this.#options.timeouts;
    const isClientAwaited = this.#hasHead && this.#isPaused;
    if (isClientAwaited) return Number.POSITIVE_INFINITY;
    if (this.#writer?.isSent === false) return this.#socket.writableLength > 0 ? idleMs : Number.POSITIVE_INFINITY;
    return this.#hasHead ? idleMs : headersMs;
  }

  #fail(error: CallError): void {
    this.#fails(error, CALL_ERRORS[error]);
  }

  #fails(code: string, message: string): void {
    const handler = this.#handler;
    const onLost = this.#onLost;
    this.destroy();
    if (handler !== undefined && onLost !== undefined && CLOSED_WHILE_IDLE.has(code)) onLost();
    else handler?.onError(code, message);
  }

  #over(): void {
    this.#handler = undefined;
    this.#onLost = undefined;
    this.#writer?.stop();
    this.#writer = undefined;
  }
}

/** One call and its right to say something to the connection, which ends with it. */
class ConnectionCall implements Call {
  readonly #connection: Connection;
  readonly #handler: CallHandler;

  constructor(connection: Connection, handler: CallHandler) {
    this.#connection = connection;
    this.#handler = handler;
  }

  resume(): void {
    this.#connection.resume(this.#handler);
  }

  abort(): void {
    this.#connection.abort(this.#handler);
  }
}

/** Node's code, where it gives one. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
