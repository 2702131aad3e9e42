import type { Clock } from '../../clock.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { LiveRequest, ProxySink } from '../../event/sink.ts';
import type { AttemptListener } from './attempt.ts';
import { addCause } from './cause-header.ts';
import { type ClientConnection, LINGER_MS, type Running } from './client/client-connection.ts';
import type { ClientRequest } from './client/client-request.ts';
import { Reply } from './client/reply.ts';
import { Upload } from './client/upload.ts';
import { type Cut, type ExchangeFacts, toEvent } from './outcome.ts';
import { failureAnswer, isAnthropic, type OwnAnswer, STOPPED, TOO_SLOW, tooLarge, writeAnswer } from './own-answer.ts';
import { RequestWatch } from './request-watch.ts';
import { createCaller } from './routing/caller.ts';
import type { Routed } from './routing/router.ts';
import { type Guard, openGuarded, UNCLASSIFIED } from './tap/guard.ts';
import type { ResponseFacts } from './tap/stream-tap.ts';
import type { Agreement, Tunnel } from './tunnel/tunnel.ts';
import { QueuedTries } from './turn/queued-tries.ts';

/** What an exchange needs of its proxy. */
export interface ExchangeContext {
  readonly sink: Pick<ProxySink, 'open'>;
  readonly clock: Clock;
  readonly guard: Guard;
  /** A client that takes nothing for so long is gone. */
  readonly clientIdleMs: number;
  /** Of a whole exchange; absent: none. */
  readonly totalMs?: number | undefined;
  maxRequestBytes(): number;
  /** Whether the cause of an upstream's error is told in a header. */
  hasCauseHeader(): boolean;
  /** A proxy that drains asks its clients to close their connections. */
  isDraining(): boolean;
  /** The exchange is over and counted. */
  settled(exchange: Exchange): void;
}

export interface ExchangeOptions {
  readonly context: ExchangeContext;
  readonly routed: Pick<Routed, 'route' | 'path'> & Partial<Pick<Routed, 'retries' | 'turns'>>;
  readonly connection: ClientConnection<Exchange>;
  readonly request: ClientRequest;
  /** Where the request asks for another protocol. */
  readonly tunnel?: Tunnel | undefined;
}

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
 * What is lost: Expect, which is answered before this; where the upstream answers before the body is read, the rest of the
 * body. And that a client has left shows only once what it sent before has been read, which an upstream that does not
 * read may delay.
 */
export class Exchange implements Running {
  readonly connection: ClientConnection<Exchange>;
  readonly isTunnel: boolean;
  readonly #request: ClientRequest;
  readonly #context: ExchangeContext;
  readonly #live: LiveRequest;
  readonly #startMs: number;
  readonly #watch: RequestWatch;
  readonly #upload: Upload;
  readonly #reply: Reply;
  readonly #tries: QueuedTries;
  readonly #tunnel: Tunnel | undefined;
  readonly #cancelTotal: (() => void) | undefined;

  /** The two ways in which the exporter, and not the upstream, ends the exchange; at most one is set. */
  #own: OwnAnswer | undefined;
  #cut: Cut | undefined;
  #settled = false;
  #endMs: number | undefined;
  #counted = false;
  #stopped = false;
  #cancelLinger: (() => void) | undefined;

  constructor({ context, routed, connection, request, tunnel }: ExchangeOptions) {
    const { clock, guard } = context;
    // A tunnel is tried once: an answer in its place is no error of the API. It takes no turn either: it may last for days.
    const { route, retries, turns } = tunnel === undefined ? routed : { route: routed.route };
    this.#context = context;
    this.#tunnel = tunnel;
    this.isTunnel = tunnel !== undefined;
    this.connection = connection;
    this.#request = request;
    this.#startMs = clock.elapsedMs();
    this.#live = openGuarded(context, route.provider);
    this.#watch = new RequestWatch({ request, live: this.#live, guard });
    const heldBytes = Math.max(retries?.policy.maxHeldBodyBytes ?? 0, QueuedTries.heldBodyBytes(turns));
    this.#upload = new Upload(request, (chunk) => this.#uploads(chunk), heldBytes);
    this.#reply = new Reply({
      ...{ connection, request, clock },
      idleMs: context.clientIdleMs,
      onFinished: () => this.#replyFinished(),
      onDrain: () => this.#tries.resume(),
    });
    const { totalMs } = context;
    this.#cancelTotal = totalMs === undefined ? undefined : clock.after(totalMs, () => this.#outOfTime(totalMs));
    const caller = createCaller(request, { home: route, isKeyed: this.#watch.keyPresent });
    this.#tries = new QueuedTries({
      request,
      upstream: route,
      path: routed.path,
      retries,
      turns,
      clock,
      guard,
      live: this.#live,
      startMs: this.#startMs,
      totalMs,
      listener: this.#listener(),
      callTo: (to, parts) => {
        const call = caller.callTo(to, parts);
        return tunnel?.ask(call) ?? call;
      },
      said: () => this.#watch.said(),
      whenSaid: (task) => this.#watch.whenSaid(task),
      hasOwnKey: caller.hasOwnKey,
      refuse: (answer) => this.refuse(answer),
    });
  }

  /** Forwards the request. */
  start(): void {
    if (this.#isOver()) return;
    const maxRequestBytes = this.#context.maxRequestBytes();
    if ((this.#request.length ?? 0) > maxRequestBytes) this.refuse(tooLarge(maxRequestBytes));
    else this.#upload.begin((body) => this.#tries.start(body));
  }

  /** Answers in the upstream's place, unless the client has an answer or is gone. */
  refuse(answer: OwnAnswer): void {
    if (this.#isOver() || this.#reply.status !== undefined) return;
    this.#own = answer;
    this.#leaveUpstream();
    this.#upload.discard();
    const cause = this.#causeOf({}, { status: answer.status, own: answer });
    const written = writeAnswer(answer, { cause, isAnthropic: isAnthropic(this.#request) });
    this.#reply.own(written, this.#request.isComplete && this.#mayGoOn());
  }

  drained(): void {
    this.#reply.drained();
  }

  /** Answers like that or, where the client has some of an answer, ends that; where it has all of it, nothing more can follow. */
  fail(answer: OwnAnswer): void {
    this.refuse(answer);
    if (this.#reply.isFinished) this.connection.linger();
    else this.#cutReply({ origin: answer.origin, error: { code: answer.code, message: answer.message } });
  }

  /** The proxy will not wait any longer. */
  stop(): void {
    // What the upstream answered says more than that we stop.
    if (this.#tries.passHeld()) return;
    this.#stopped = true;
    if (this.#reply.isFinished) this.clientGone();
    this.fail(STOPPED);
    if (this.#settled) this.#count({});
  }

  /** The client's side is over, answered or not. */
  clientGone(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#endMs ??= this.#context.clock.elapsedMs();
    this.#cancelLinger?.();
    this.#cancelTotal?.();
    this.#reply.closed();
    this.#leaveUpstream();
    this.#tunnel?.close();
    if (this.#stopped) this.#count({});
    else this.#watch.end(() => this.#tries.finish((facts) => this.#count(facts)));
  }

  /** How the exchange ends is decided; what the upstream still says does not matter. */
  #isOver(): boolean {
    return this.#settled || this.#own !== undefined || this.#cut !== undefined;
  }

  /** Whether another request may follow. Behind one for another protocol may stand what is not HTTP. */
  #mayGoOn(): boolean {
    return !this.isTunnel && !this.#context.isDraining();
  }

  /** Hands the answer of a try on to the client. */
  #listener(): AttemptListener {
    const toClient: AttemptListener = {
      information: (head) => this.#reply.information(head),
      head: (head) => this.#reply.head(head, this.#mayGoOn()),
      data: (chunk) => this.#reply.write(chunk),
      end: (trailers) => this.#reply.end(trailers),
      failed: (code, message) => {
        if (this.#reply.status === undefined) this.refuse(failureAnswer(code, message));
        else this.#cutReply({ origin: 'network', error: { code, message } });
      },
      upgraded: this.#tunnel && ((agreement) => this.#opens(agreement)),
    };
    if (!this.#context.hasCauseHeader()) return toClient;
    return addCause({
      listener: toClient,
      clock: this.#context.clock,
      isOver: () => this.#isOver(),
      causeOf: (status, found) =>
        this.#tries.finish((response) => found(this.#causeOf(response, { status, own: undefined }))),
    });
  }

  /** From here the exchange lasts as long as its tunnel does. */
  #opens(agreement: Agreement): void {
    this.#cancelTotal?.();
    this.#reply.switches(agreement.head.status);
    this.#tunnel?.open(agreement, (broken) => {
      if (broken === undefined) this.#reply.switched();
      else this.#cutReply({ origin: 'network', error: broken });
    });
  }

  /** The whole exchange has had its time. */
  #outOfTime(totalMs: number): void {
    if (this.#tries.passHeld()) return;
    const isClientSlow = !this.#request.isComplete && !this.#request.isPaused;
    const answer = isClientSlow ? TOO_SLOW : failureAnswer('total_timeout', `not all of it within ${totalMs} ms`);
    this.fail(answer);
  }

  #uploads(chunk: Buffer): void {
    this.#watch.push(chunk);
    this.#tries.uploads(chunk);
    const maxRequestBytes = this.#context.maxRequestBytes();
    if (this.#watch.bytes > maxRequestBytes) this.refuse(tooLarge(maxRequestBytes));
  }

  /** The client has its answer. */
  #replyFinished(): void {
    if (this.#settled) return;
    this.#reply.closed();
    this.#endMs = this.#context.clock.elapsedMs();
    const over = (): void => this.clientGone();
    if (!this.#request.isComplete) this.#cancelLinger = this.#context.clock.after(LINGER_MS, over);
    this.#request.whenComplete(over);
  }

  #cutReply(cut: Cut): void {
    if (this.#isOver()) return;
    this.#cut = cut;
    this.#leaveUpstream();
    this.#reply.cut();
  }

  #leaveUpstream(): void {
    this.#tries.leave();
    this.#upload.abort();
  }

  #count(response: ResponseFacts): void {
    if (this.#counted) return;
    this.#counted = true;
    this.#context.guard('event', undefined, () => {
      const event = this.#event(response, {
        status: this.#reply.status,
        own: this.#own,
        cut: this.#cut,
        clientLeft: !this.#reply.isFinished,
      });
      this.#tries.settle(event);
      this.#live.end(event);
    });
    this.#context.settled(this);
  }

  /** The event that the exchange would be if it ended now, like this. */
  #event(response: ResponseFacts, ending: Pick<ExchangeFacts, 'status' | 'own' | 'cut' | 'clientLeft'>): RequestEvent {
    const { clock } = this.#context;
    const { status, own, cut, clientLeft } = ending;
    const endMs = this.#endMs ?? clock.elapsedMs();
    const facts = this.#tries.facts(response, { startMs: this.#startMs, endMs, status, own, cut, clientLeft });
    return toEvent(facts, clock);
  }

  /** What an answer that the client is about to get will be counted as. */
  #causeOf(response: ResponseFacts, ending: Pick<ExchangeFacts, 'status' | 'own'>): string {
    const whole = { ...ending, cut: undefined, clientLeft: false };
    return this.#context.guard('cause', UNCLASSIFIED, () => this.#live.judge(this.#event(response, whole)).cause);
  }
}
