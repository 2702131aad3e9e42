import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { EventSink, LiveRequest } from '../../event/sink.ts';
import { Attempt, type AttemptListener } from './attempt.ts';
import { headerFacts } from './header-facts.ts';
import { headersForClient, headersForUpstream } from './headers.ts';
import { type Cut, type ExchangeFacts, toEvent } from './outcome.ts';
import { networkFailure, type OwnAnswer, STOPPED, tooLarge } from './own-answer.ts';
import { Reply } from './reply.ts';
import { RequestWatch } from './request-watch.ts';
import type { Guard } from './tap/guard.ts';
import type { ResponseFacts } from './tap/stream-tap.ts';
import { Upload, type UploadBody } from './upload.ts';
import type { Upstream } from './upstream/upstream.ts';

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

/**
 * How long a client that is still sending may go on once it has its answer. Closing a connection under such a client would
 * reset it, and it could lose the answer that it has not read yet; and the model may stand at the end of what it sends.
 */
export const LINGER_MS = 1000;

/**
 * The life of one proxied request.
 *
 *   connect → request → headers → stream | body → settled
 *
 * It starts with the client's headers. `connect`: waiting for a connection; `request`: the body goes up; `headers`: the
 * upstream has it all and owes an answer; `stream` or `body`: the answer comes down, every chunk handed on before it is
 * looked at. It is settled when the client's side is over, and that is the only place where it is counted. A client that
 * is still sending when it has its answer is heard out for a second: the model may be at the end of what it sends.
 *
 * Who may interrupt, at any of these points: the client leaves (the upstream is told at once; 499, unless the stream
 * had already said that it is complete); the upstream refuses, falls silent or breaks off (before its headers the client
 * gets our 502 or 504, after them its connection is closed without the end of the body, so that it notices); the proxy
 * stops (503, or the same cut). The first interruption wins, later ones only clean up.
 *
 * What is lost: Expect, which node:http has answered; where the upstream answers before the body is read, the rest of the
 * body. And that a client has left shows only once what it sent before has been read, which an upstream that does not
 * read may delay.
 */
export class Exchange {
  readonly request: IncomingMessage;
  readonly #context: ExchangeContext;
  readonly #upstream: Upstream;
  readonly #live: LiveRequest;
  readonly #startMs: number;
  readonly #watch: RequestWatch;
  readonly #upload: Upload;
  readonly #reply: Reply;

  #attempt: Attempt | undefined;
  /** The two ways in which the exporter, and not the upstream, ends the exchange; at most one is set. */
  #own: OwnAnswer | undefined;
  #cut: Cut | undefined;
  #settled = false;
  #endMs: number | undefined;
  #counted = false;
  #stopped = false;
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
    this.#watch = new RequestWatch({ request, live: this.#live, guard: context.guard });
    this.#upload = new Upload(request, (chunk) => this.#uploads(chunk));
    this.#reply = new Reply({
      response,
      clock: context.clock,
      idleMs: context.clientIdleMs,
      onClose: () => this.#replyClosed(),
      onDrain: () => this.#attempt?.resume(),
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
    this.#reply.own(answer, this.request.complete && !this.#context.isDraining());
  }

  /** The proxy will not wait any longer. */
  stop(): void {
    this.#stopped = true;
    if (this.#reply.isFinished) this.clientGone();
    this.refuse(STOPPED);
    this.#cutReply({ origin: STOPPED.origin, error: { code: STOPPED.code, message: STOPPED.message } });
    if (this.#settled) this.#count({});
  }

  /** The client's side is over, answered or not. */
  clientGone(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#endMs ??= this.#context.clock.elapsedMs();
    this.#cancelLinger?.();
    this.#reply.closed();
    this.#leaveUpstream();
    if (this.#attempt === undefined || this.#stopped) this.#count({});
    else this.#attempt.finish((facts) => this.#count(facts));
  }

  /** How the exchange ends is decided; what the upstream still says does not matter. */
  #isOver(): boolean {
    return this.#settled || this.#own !== undefined || this.#cut !== undefined;
  }

  #dispatch(path: string, body: UploadBody): void {
    const { clock, guard } = this.#context;
    const { method = 'GET', rawHeaders, headers } = this.request;
    this.#attempt = new Attempt({ clock, guard, listener: this.#listener() });
    this.#attempt.start(this.#upstream, {
      method,
      target: this.#upstream.basePath + path,
      headers: headersForUpstream(rawHeaders, this.#upstream.host),
      body,
      isChunked: headers['transfer-encoding'] !== undefined,
      trailers: () => headersForClient(this.request.rawTrailers),
    });
  }

  /** Hands the answer of a try on to the client. */
  #listener(): AttemptListener {
    return {
      information: (head) => this.#reply.information(head),
      head: ({ status, reason, headers }) => {
        this.#reply.head({
          status,
          reason,
          headers: headersForClient(headers),
          keepAlive: !this.#context.isDraining(),
        });
      },
      data: (chunk) => this.#reply.write(chunk),
      end: (trailers) => this.#reply.end(headersForClient(trailers)),
      failed: (code, message) => {
        if (this.#reply.status === undefined) this.refuse(networkFailure(code, message));
        else this.#cutReply({ origin: 'network', error: { code, message } });
      },
    };
  }

  #uploads(chunk: Buffer): void {
    this.#watch.push(chunk);
    if (this.#watch.bytes > this.#context.maxRequestBytes) this.refuse(tooLarge(this.#context.maxRequestBytes));
  }

  /** The client has its answer, or will get none. */
  #replyClosed(): void {
    if (this.#settled) return;
    this.#reply.closed();
    this.#endMs = this.#context.clock.elapsedMs();
    const over = (): void => this.clientGone();
    if (this.#reply.isFinished && !this.#upload.isRead) this.#cancelLinger = this.#context.clock.after(LINGER_MS, over);
    if (this.#reply.isFinished) this.#upload.whenRead(over);
    else over();
  }

  #cutReply(cut: Cut): void {
    if (this.#isOver()) return;
    this.#cut = cut;
    this.#leaveUpstream();
    this.#reply.cut();
  }

  #leaveUpstream(): void {
    this.#attempt?.leave();
    this.#upload.abort();
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
      ...this.#watch.facts(),
      provider: this.#upstream.provider,
      startMs: this.#startMs,
      endMs: this.#endMs ?? this.#startMs,
      ...headerFacts({
        answer: this.#attempt?.headers,
        answeredMs: this.#attempt?.answeredMs ?? 0,
        error: response.error,
        request: this.request.headers,
      }),
      attempted: this.#attempt !== undefined,
      phase: this.#attempt?.phase ?? 'connect',
      status: this.#reply.status,
      own: this.#own,
      cut: this.#cut,
      clientLeft: !this.#reply.isFinished,
      response,
    };
  }
}
