import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import type { Phase } from '../../event/request-event.ts';
import type { EventSink, LiveRequest } from '../../event/sink.ts';
import { headersForClient, headersForUpstream, headerValue, type ParsedHeaders } from './headers.ts';
import { type Cut, type ExchangeFacts, toEvent } from './outcome.ts';
import { networkFailure, type OwnAnswer, STOPPED, tooLarge } from './own-answer.ts';
import { Reply } from './reply.ts';
import type { Guard } from './tap/guard.ts';
import { createRequestTap, type RequestTap, requestIdOf, retryAfterSeconds } from './tap/request-tap.ts';
import { createResponseTap } from './tap/response-tap.ts';
import type { ResponseFacts, ResponseTap } from './tap/stream-tap.ts';
import { Upload, type UploadBody } from './upload.ts';
import type { Lease, Upstream } from './upstream.ts';

/** What an exchange needs of its proxy. */
export interface ExchangeContext {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly guard: Guard;
  /** A client that takes nothing for so long is gone. */
  readonly clientIdleMs: number;
  readonly maxRequestBytes: number;
  /** A proxy that drains asks its clients to close their connections. */
  isDraining(): boolean;
  /** The exchange is over and counted. */
  settled(exchange: Exchange): void;
}

/** How long the end of an answer waits for a client that is still sending: most clients read only after that. */
export const LINGER_MS = 1000;

/**
 * The life of one proxied request.
 *
 *   connect → request → headers → stream | body → settled
 *
 * It starts with the client's headers. `connect`: waiting for a connection; `request`: the body goes up; `headers`: the
 * upstream has it all and owes an answer; `stream` or `body`: the answer comes down, every chunk handed on before it is
 * looked at. It is settled when the client's side is over, and that is the only place where it is counted.
 *
 * Who may interrupt, at any of these points: the client leaves (the upstream is told at once; 499, unless the stream
 * had already said that it is complete); the upstream refuses, falls silent or breaks off (before its headers the client
 * gets our 502 or 504, after them its connection is closed without the end of the body, so that it notices); the proxy
 * stops (503, or the same cut). The first interruption wins, later ones only clean up.
 *
 * What is lost: 1xx answers other than 100 and request trailers, which undici does not carry; Expect, which node:http
 * has answered; where the upstream answers before the body is read, the rest of the body. And that a client has left
 * shows only once what it sent before has been read, which an upstream that does not read may delay.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly request: IncomingMessage;
  readonly #context: ExchangeContext;
  readonly #upstream: Upstream;
  readonly #live: LiveRequest;
  readonly #startMs: number;
  readonly #requestTap: RequestTap;
  readonly #upload: Upload;
  readonly #reply: Reply;

  #phase: Phase = 'connect';
  #uploadBytes = 0;
  #attempted = false;
  #lease: Lease | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #headers: ParsedHeaders | undefined;
  #responseTap: ResponseTap | undefined;
  /** The two ways in which the exporter, and not the upstream, ends the exchange; at most one is set. */
  #own: OwnAnswer | undefined;
  #cut: Cut | undefined;
  /** All of the upstream's answer has gone to the client, but for its end. */
  #isForwarded = false;
  #settled = false;
  #endMs = 0;
  #counted = false;
  #cancelLinger: (() => void) | undefined;

  constructor({
    context,
    upstream,
    request,
    response,
  }: {
    readonly context: ExchangeContext;
    readonly upstream: Upstream;
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
  }) {
    this.#context = context;
    this.#upstream = upstream;
    this.request = request;
    this.#startMs = context.clock.elapsedMs();
    this.#live = context.sink.open({ provider: upstream.provider });
    this.#requestTap = createRequestTap(request);
    this.#nameModel();
    this.#upload = new Upload(request, (chunk) => this.#watchUpload(chunk));
    this.#reply = new Reply({
      response,
      clock: context.clock,
      idleMs: context.clientIdleMs,
      onClose: () => this.clientGone(),
      onDrain: () => this.#controller?.resume(),
    });
  }

  /** Forwards the request. */
  start(path: string): void {
    const { maxRequestBytes } = this.#context;
    if (Number(this.request.headers['content-length'] ?? 0) > maxRequestBytes) this.refuse(tooLarge(maxRequestBytes));
    else this.#upload.begin((body) => this.#dispatch(path, body));
  }

  /** Answers in the upstream's place, unless the client has an answer or is gone. */
  refuse(answer: OwnAnswer): void {
    if (this.#isOver() || this.#reply.status !== undefined) return;
    this.#own = answer;
    this.#leaveUpstream();
    this.#upload.discard();
    this.#afterUpload(() => this.#writeOwn(answer));
  }

  /** The proxy will not wait any longer. */
  stop(): void {
    this.refuse(STOPPED);
    if (this.#own !== undefined) this.#writeOwn(this.#own);
    else this.#cutReply({ origin: STOPPED.origin, error: { code: STOPPED.code, message: STOPPED.message } });
  }

  /** The client's side is over, answered or not. */
  clientGone(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#endMs = this.#context.clock.elapsedMs();
    this.#cancelLinger?.();
    this.#reply.closed();
    this.#leaveUpstream();
    const tap = this.#responseTap;
    const isRead = this.#context.guard('response', false, () => {
      tap?.finish((facts) => this.#count(facts));
      return tap !== undefined;
    });
    if (!isRead) this.#count({});
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver()) this.#leaveUpstream();
    else this.#phase = 'request';
  }

  onRequestSent(): void {
    if (this.#phase === 'request') this.#phase = 'headers';
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: ParsedHeaders,
    reason = '',
  ): void {
    if (status < 200 || this.#isOver()) return;
    const raw = Array.isArray(controller.rawHeaders) ? controller.rawHeaders : [];
    this.#reply.head({ status, reason, headers: headersForClient(raw), keepAlive: !this.#context.isDraining() });
    this.#headers = headers;
    this.#phase = /^text\/event-stream/i.test(headerValue(headers, 'content-type') ?? '') ? 'stream' : 'body';
    const { clock, guard } = this.#context;
    this.#responseTap = guard('response', undefined, () => createResponseTap({ status, headers, clock, guard }));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver()) return;
    if (!this.#reply.write(chunk)) controller.pause();
    this.#context.guard('response', undefined, () => this.#responseTap?.push(chunk));
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#release();
    if (this.#isOver()) return;
    const trailers = Array.isArray(controller.rawTrailers) ? headersForClient(controller.rawTrailers) : [];
    this.#isForwarded = true;
    this.#afterUpload(() => this.#end(trailers));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    if (this.#isOver()) return;
    // undici and node put their code on the error; an error without one is named by its class.
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    if (this.#reply.status === undefined) this.refuse(networkFailure(code, error.message));
    else this.#cutReply({ origin: 'network', error: { code, message: error.message } });
  }

  /** How the exchange ends is decided; what the upstream still says does not matter. */
  #isOver(): boolean {
    return this.#settled || this.#own !== undefined || this.#cut !== undefined;
  }

  #dispatch(path: string, body: UploadBody): void {
    this.#attempted = true;
    this.#lease = this.#upstream.acquire();
    this.#lease.send(
      {
        path: this.#upstream.basePath + path,
        method: this.request.method ?? 'GET',
        headers: headersForUpstream(this.request.rawHeaders, this.#upstream.host),
        body,
      },
      this,
    );
  }

  #watchUpload(chunk: Buffer): void {
    this.#uploadBytes += chunk.length;
    if (this.#uploadBytes > this.#context.maxRequestBytes) this.refuse(tooLarge(this.#context.maxRequestBytes));
    this.#context.guard('request', undefined, () => this.#requestTap.push(chunk));
    this.#nameModel();
  }

  #nameModel(): void {
    this.#context.guard('request', undefined, () => {
      this.#live.model ??= this.#requestTap.facts().model;
    });
  }

  #writeOwn(answer: OwnAnswer): void {
    this.#cancelLinger?.();
    if (this.#settled || this.#reply.status !== undefined) return;
    this.#reply.own(answer, this.request.complete && !this.#context.isDraining());
  }

  #end(trailers: readonly string[]): void {
    this.#cancelLinger?.();
    if (!this.#isOver()) this.#reply.end(trailers);
  }

  /** Closing a connection under a client that still sends would reset it, and the client could lose its answer. */
  #afterUpload(task: () => void): void {
    if (!this.#upload.isRead) this.#cancelLinger = this.#context.clock.after(LINGER_MS, task);
    this.#upload.whenRead(task);
  }

  #cutReply(cut: Cut): void {
    if (this.#isOver()) return;
    this.#cut = cut;
    this.#leaveUpstream();
    this.#reply.cut();
  }

  #leaveUpstream(): void {
    if (this.#lease === undefined) return;
    const reason = new Error('nobody waits for the answer');
    this.#controller?.abort(reason);
    this.#upload.abort(reason);
  }

  #release(): void {
    this.#lease?.release();
    this.#lease = undefined;
  }

  #count(response: ResponseFacts): void {
    if (this.#counted) return;
    this.#counted = true;
    const { clock, guard } = this.#context;
    guard('event', undefined, () => this.#live.end(toEvent(this.#facts(response), clock)));
    this.#context.settled(this);
  }

  #facts(response: ResponseFacts): ExchangeFacts {
    return {
      ...this.#requestTap.facts(),
      provider: this.#upstream.provider,
      startMs: this.#startMs,
      endMs: this.#endMs,
      requestId: requestIdOf(this.#headers, this.request.headers),
      retryAfterSeconds: retryAfterSeconds(headerValue(this.#headers, 'retry-after'), this.#context.clock),
      attempted: this.#attempted,
      phase: this.#phase,
      status: this.#reply.status,
      own: this.#own,
      cut: this.#cut,
      clientLeft: !this.#reply.isFinished && !(this.#isForwarded && !this.request.complete),
      response,
    };
  }
}
