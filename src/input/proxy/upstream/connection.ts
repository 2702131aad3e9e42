import type { Duplex } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import { AnswerParser, HeadTooLargeError } from './answer-parser.ts';
import { CALL_ERRORS, type Call, type CallError, type CallHandler, type CallRequest } from './call.ts';
import { InvalidAnswerError, type ParsedHead } from './head.ts';
import { RequestWriter } from './request-writer.ts';

/** How long the upstream may stay silent. LLM answers take minutes, so these only catch what is dead. */
export interface AnswerTimeouts {
  /** From the request's last byte to the answer's head. */
  readonly headersMs: number;
  /** Between two pieces of the answer; it does not run while the client is waited for. */
  readonly idleMs: number;
}

export interface ConnectionOptions {
  /** Connected, and past TLS. */
  readonly socket: Duplex;
  readonly timeouts: AnswerTimeouts;
  readonly maxHeadBytes: number;
  readonly clock: Clock;
  /** The call is over and the connection can take another; at most `keepMs` from now. */
  readonly onIdle: (keepMs: number) => void;
  readonly onClosed: () => void;
}

/** What a server keeps idle connections for unless it says so: below Node's 5 s, far below nginx's 75 s. */
const DEFAULT_KEEP_MS = 4000;
/** A server's hint is taken with this much less, or a request would meet its close on the way. */
const KEEP_MARGIN_MS = 1000;
const MAX_KEEP_MS = 60_000;

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
  #handler: CallHandler | undefined;
  #writer: RequestWriter | undefined;
  #keepAlive = false;
  #keepMs = DEFAULT_KEEP_MS;
  #isPaused = false;
  #hasHead = false;
  #activeMs = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#parser = new AnswerParser(
      {
        head: (head) => this.#head(head),
        data: (chunk) => this.#data(chunk),
        end: (trailers) => this.#answerEnds(trailers),
      },
      options.maxHeadBytes,
    );
    this.#socket.on('data', (bytes: Buffer) => this.#receives(bytes));
    this.#socket.on('end', () => this.#socketEnds());
    this.#socket.on('error', (error: Error) => this.#fails(codeOf(error), error.message));
    this.#socket.on('close', () => {
      this.#fail('closed_early');
      options.onClosed();
    });
  }

  /** False as soon as it is known to be of no use any more. */
  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Sends a request; only when idle. */
  send(request: CallRequest, handler: CallHandler): Call {
    this.#handler = handler;
    this.#hasHead = false;
    this.#keepAlive = false;
    this.#keepMs = DEFAULT_KEEP_MS;
    this.#parser.expect(request.method);
    handler.onConnected();
    // Told that there is a connection, the handler may have ended the call.
    if (this.#handler === handler) {
      this.#writer = new RequestWriter(this.#socket, request, () => this.#requestSent());
      this.#writer.start();
    }
    return {
      resume: () => this.#resume(handler),
      abort: () => {
        if (this.#handler === handler) this.destroy();
      },
    };
  }

  /** Ends it without a word to the handler. */
  destroy(): void {
    this.#over();
    this.#socket.destroy();
  }

  #requestSent(): void {
    if (this.#handler === undefined) return;
    if (!this.#hasHead) this.#watch(this.#options.timeouts.headersMs, 'headers_timeout');
    this.#handler.onSent();
  }

  #receives(bytes: Buffer): void {
    this.#activeMs = this.#options.clock.elapsedMs();
    const handler = this.#handler;
    try {
      const rest = this.#parser.push(bytes);
      if (rest.length > 0 && this.#handler === handler) this.destroy();
    } catch (error) {
      if (error instanceof HeadTooLargeError) this.#fail('head_too_large');
      else if (error instanceof InvalidAnswerError)
        this.#fails('invalid_answer', `${CALL_ERRORS.invalid_answer}: ${error.message}`);
      else throw error;
    }
  }

  #head(head: ParsedHead): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    if (head.status === 101) {
      this.#upgrade(handler, head);
      return;
    }
    if (head.status < 200) {
      handler.onInformation(head);
      return;
    }
    this.#hasHead = true;
    this.#keepAlive = head.keepAlive;
    if (head.keepAliveSeconds !== undefined && head.keepAliveSeconds >= 0) {
      this.#keepMs = Math.min(head.keepAliveSeconds * 1000 - KEEP_MARGIN_MS, MAX_KEEP_MS);
    }
    this.#watch(this.#options.timeouts.idleMs, 'idle_timeout');
    handler.onHead(head);
  }

  #data(chunk: Buffer): void {
    if (this.#handler === undefined || this.#handler.onData(chunk) || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(handler: CallHandler): void {
    if (!this.#isPaused || this.#handler !== handler) return;
    this.#isPaused = false;
    this.#activeMs = this.#options.clock.elapsedMs();
    this.#socket.resume();
  }

  #answerEnds(trailers: readonly string[]): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    const isInStep = this.#keepAlive && this.#writer?.isSent === true && this.#keepMs > 0;
    this.#over();
    if (isInStep) {
      if (this.#isPaused) this.#socket.resume();
      this.#isPaused = false;
      this.#options.onIdle(this.#keepMs);
    } else {
      this.#socket.destroy();
    }
    handler.onEnd(trailers);
  }

  #socketEnds(): void {
    // An answer that ends with the connection ends here; any other is cut.
    if (!this.#parser.close()) this.#fail('closed_early');
    this.#socket.destroy();
  }

  #upgrade(handler: CallHandler, head: ParsedHead): void {
    this.#over();
    for (const event of ['data', 'end', 'error']) this.#socket.removeAllListeners(event);
    // The parser hands back what follows its head only after this call.
    this.#socket.pause();
    handler.onUpgrade(head, this.#socket, Buffer.alloc(0));
  }

  /** One timer a phase: pieces only note the time, and a timer that finds a fresh one waits for the rest. */
  #watch(limitMs: number, error: CallError): void {
    this.#cancelTimer?.();
    this.#activeMs = this.#options.clock.elapsedMs();
    const look = (): void => {
      const idleMs = this.#isPaused ? 0 : this.#options.clock.elapsedMs() - this.#activeMs;
      if (idleMs >= limitMs) this.#fail(error);
      else this.#cancelTimer = this.#options.clock.after(limitMs - idleMs, look);
    };
    this.#cancelTimer = this.#options.clock.after(limitMs, look);
  }

  #fail(error: CallError): void {
    this.#fails(error, CALL_ERRORS[error]);
  }

  #fails(code: string, message: string): void {
    const handler = this.#handler;
    this.destroy();
    handler?.onError(code, message);
  }

  #over(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#handler = undefined;
    this.#writer?.stop();
    this.#writer = undefined;
  }
}

/** Node's code, where it gives one. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
