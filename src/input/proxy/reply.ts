import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import { withoutTrailer } from './headers.ts';
import type { WrittenAnswer } from './own-answer.ts';
import type { AnswerHead } from './upstream/call.ts';

/** The head of an answer; headers are flat (name, value, name, value) and go out as they are. */
export interface ReplyHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly string[];
  /** False asks the client not to use its connection again. */
  readonly keepAlive: boolean;
}

/**
 * The client's side of an exchange: an answer that is handed on as it comes, with nothing added. A client that takes
 * nothing for `idleMs` is given up; upstream's own limit does not run while it has to wait for that client.
 */
export class Reply {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #idleMs: number;
  #status: number | undefined;
  #hasSent = false;
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
    response.sendDate = false;
    response.on('close', onClose);
    response.on('drain', () => {
      this.#cancelStall?.();
      onDrain();
    });
    // Writing to a client that has just left is an error of node's; its close says the same and is handled.
    response.on('error', () => undefined);
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

  /** Headers go out with the first chunk where that is already here, and on their own where it is not. */
  head({ status, reason, headers, keepAlive }: ReplyHead): void {
    if (!keepAlive) this.#response.shouldKeepAlive = false;
    const flat = this.#isChunked(status, headers) ? [...headers] : withoutTrailer(headers);
    this.#response.writeHead(status, reason, flat);
    this.#status = status;
    process.nextTick(() => this.#flush());
  }

  /** False asks to stop until `onDrain`. */
  write(chunk: Buffer): boolean {
    this.#hasSent = true;
    const goOn = this.#response.write(chunk);
    if (!goOn) this.#watchStall();
    return goOn;
  }

  end(trailers: readonly string[]): void {
    if (trailers.length > 0) this.#addTrailers(trailers);
    this.#hasSent = true;
    this.#response.end();
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
    this.#hasSent = true;
    this.#response.end(body);
    this.#watchStall();
  }

  /** Ends the client's connection without ending the body: what was forwarded still arrives, and then the break shows. */
  cut(): void {
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

  /** Whether node will send the body in chunks; announcing trailers behind any other, it throws (RFC 9110 section 6.5.1). */
  #isChunked(status: number, headers: readonly string[]): boolean {
    const { method, httpVersion } = this.#response.req;
    const hasBody = method !== 'HEAD' && status !== 204 && status !== 304;
    return (
      hasBody && httpVersion === '1.1' && !headers.some((name, at) => at % 2 === 0 && /^content-length$/i.test(name))
    );
  }

  #flush(): void {
    if (this.#hasSent || this.#response.destroyed) return;
    this.#hasSent = true;
    this.#response.flushHeaders();
  }

  #watchStall(): void {
    this.#cancelStall?.();
    this.#cancelStall = this.#clock.after(this.#idleMs, () => this.#response.destroy());
  }
}
