import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { Phase } from '../../event/request-event.ts';
import { type FlatHeaders, headerValue } from '../../provider/headers/parsed-headers.ts';
import type { Guard } from './tap/guard.ts';
import { createResponseTap } from './tap/response-tap.ts';
import type { ResponseFacts, ResponseTap } from './tap/stream-tap.ts';
import type { Agreement } from './tunnel/tunnel.ts';
import type { AnswerHead, Call, CallHandler, CallRequest } from './upstream/call.ts';
import type { Upstream } from './upstream/upstream.ts';

/** Who waits for what a try brings. Nothing is heard after `leave`. */
export interface AttemptListener {
  information(head: AnswerHead): void;
  head(head: AnswerHead): void;
  /** False asks to stop until `resume`. The bytes stay as they are as long as those of `CallHandler.onData`. */
  data(chunk: Buffer): boolean;
  end(trailers: readonly string[]): void;
  /** The try broke, before its head or behind it. */
  failed(code: string, message: string): void;
  /** The upstream changed the protocol; absent where it was not asked to. */
  readonly upgraded?: ((agreement: Agreement) => void) | undefined;
}

/**
 * One try against an upstream: every piece of its answer is handed on before it is looked at, and what was learnt stays here when the
 * try is over.
 */
export class Attempt implements CallHandler {
  readonly #clock: Clock;
  readonly #guard: Guard;
  readonly #listener: AttemptListener;
  #call: Call | undefined;
  #isOver = false;
  #tap: ResponseTap | undefined;
  #phase: Phase = 'connect';
  #headers: FlatHeaders | undefined;
  #answeredMs = 0;

  constructor({
    clock,
    guard,
    listener,
  }: {
    readonly clock: Clock;
    readonly guard: Guard;
    readonly listener: AttemptListener;
  }) {
    this.#clock = clock;
    this.#guard = guard;
    this.#listener = listener;
  }

  start(upstream: Upstream, request: CallRequest): void {
    const call = upstream.send(request, this);
    if (this.#isOver) call.abort();
    else this.#call = call;
  }

  resume(): void {
    this.#call?.resume();
  }

  /** Nobody waits for the answer any more. */
  leave(): void {
    this.#isOver = true;
    this.#call?.abort();
    this.#call = undefined;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Of the answer; undefined when there was none. */
  get headers(): FlatHeaders | undefined {
    return this.#headers;
  }

  /** When the headers came, epoch milliseconds. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  /** Hands over what the answer's body said, once; at once where there is nothing to wait for, or no answer. */
  finish(done: (facts: ResponseFacts) => void): void {
    const tap = this.#tap;
    const isRead = this.#guard('response', false, () => {
      tap?.finish(done);
      return tap !== undefined;
    });
    if (!isRead) done({});
  }

  onConnected(): void {
    this.#phase = 'request';
  }

  onSent(): void {
    if (this.#phase === 'request') this.#phase = 'headers';
  }

  onInformation(head: AnswerHead): void {
    this.#listener.information(head);
  }

  onHead(head: AnswerHead): void {
    const { status, headers } = head;
    this.#headers = headers;
    this.#answeredMs = this.#clock.nowMs();
    this.#phase = /^text\/event-stream/i.test(headerValue(headers, 'content-type') ?? '') ? 'stream' : 'body';
    this.#listener.head(head);
    const context = { status, headers, clock: this.#clock, guard: this.#guard };
    this.#tap = this.#guard('response', undefined, () => createResponseTap(context));
  }

  onData(chunk: Buffer): boolean {
    const goOn = this.#listener.data(chunk);
    this.#guard('response', undefined, () => this.#tap?.push(chunk));
    return goOn;
  }

  onEnd(trailers: readonly string[]): void {
    this.#call = undefined;
    this.#listener.end(trailers);
  }

  onUpgrade(head: AnswerHead, socket: Duplex, first: Buffer): void {
    if (this.#listener.upgraded === undefined) {
      socket.destroy();
      this.onError('invalid_answer', 'the upstream changed the protocol without being asked');
      return;
    }
    this.#call = undefined;
    this.#headers = head.headers;
    this.#answeredMs = this.#clock.nowMs();
    this.#phase = 'stream';
    this.#listener.upgraded({ head, socket, first });
  }

  onError(code: string, message: string): void {
    this.#call = undefined;
    this.#listener.failed(code, message);
  }
}
