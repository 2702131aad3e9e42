import type { Clock } from '../../../clock.ts';
import { CLIENT_CLOSED_REQUEST, type RequestEvent } from '../../../event/request-event.ts';
import type { AttemptVerdict, LiveRequest } from '../../../event/sink.ts';
import { Attempt, type AttemptListener } from '../attempt.ts';
import type { ClientRequest } from '../client/client-request.ts';
import { headerFacts } from '../header-facts.ts';
import type { Lack } from '../limits/lack.ts';
import { type ExchangeFacts, type RequestSaid, toEvent } from '../outcome.ts';
import type { Route } from '../routing/route.ts';
import type { Guard } from '../tap/guard.ts';
import type { ResponseFacts } from '../tap/stream-tap.ts';
import type { CallRequest } from '../upstream/call.ts';
import { decide } from './decide.ts';
import { type Destination, fallbackFor, type Place } from './fallback.ts';
import { HeldBody } from './held-body.ts';
import type { Retries } from './retries.ts';
import { type Ending, Screen, type ScreenRules } from './screen.ts';

/** What the tries of one request need of it. */
export interface TriesOptions {
  readonly clock: Clock;
  readonly guard: Guard;
  readonly live: LiveRequest;
  readonly request: ClientRequest;
  readonly upstream: Route;
  /** Absent: one try, whatever comes of it. */
  readonly retries: Retries | undefined;
  /** When the request came, in the clock's `elapsedMs`. */
  readonly startMs: number;
  /** Hears the try whose answer the client gets, and none of the others. */
  readonly listener: AttemptListener;
  /** The request as it goes to an upstream. */
  callTo(upstream: Route, body: CallRequest['body']): CallRequest;
  /** What the request has said so far. */
  said(): RequestSaid;
  /** Whether the last call carried a key of ours. */
  hasOwnKey(): boolean;
  /** A try has failed and another will follow; `isElsewhere`: at the fallback. */
  tried?(verdict: AttemptVerdict, isElsewhere: boolean): void;
}

/** What only those know who see how the exchange ends. */
export type TryEnding = Pick<ExchangeFacts, 'startMs' | 'endMs' | 'clientLeft' | keyof Ending>;

/** Why no other try could follow one that the policy is for trying again. */
type Obstacle = 'attempts_exhausted' | 'not_retryable';

/** Connections that broke before there was any answer. Of silence it is not known whether it would have ended. */
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'closed_early']);

/** Each try needs a connection, to whichever upstream. */
const NO_CONNECTION_LEFT: Lack = 'out_of_descriptors';

/**
 * The tries of one request against its upstream, of which the client sees one.
 *
 *   try → held → judged → (wait → try …) | passed on
 *
 * As long as the client has nothing and the whole body of the request is at hand, an answer of a status that may be retried is held back
 * until its end, within bounds of size and time. It is then judged by the event that it would be as the last one. Either another try
 * follows after a wait, and the answer is dropped, or the client gets it unchanged. A connection that fails before there is an answer is
 * judged likewise. That includes one that broke after the request was on it: the upstream may have done the work, and
 * it is paid for twice then; but calls of an LLM change nothing, and whoever turns retries on wants the answer. Of timeouts there is no
 * retry: the work may still go on.
 *
 * A try counts as an attempt when the next begins, and so does the decision for that: a client that leaves during the wait ends the try
 * that was last. Whatever is known to be the last try, is passed on as it comes, and its decision is counted with the final event.
 * Leaving ends everything at once.
 */
export class Tries {
  readonly #options: TriesOptions;
  readonly #held: HeldBody | undefined;
  #to: Place;
  #number = 0;
  #attempt: Attempt | undefined;
  #attemptMs = 0;
  /** Of a try that was judged. */
  #attemptEndMs: number | undefined;
  #screen: Screen | undefined;
  /** Of a try that is over. */
  #response: ResponseFacts | undefined;
  /** Set when the client gets to see a try that the policy would replace; counted with the final event. */
  #obstacle: Obstacle | undefined;
  #cancelWait: (() => void) | undefined;
  #isOver = false;

  constructor(options: TriesOptions) {
    this.#options = options;
    this.#to = { upstream: options.upstream };
    const { retries, request } = options;
    if (retries === undefined) return;
    this.#held = new HeldBody(retries.policy.maxHeldBodyBytes, request.length ?? 0);
  }

  /** Begins the first try. */
  start(body: CallRequest['body']): void {
    const { retries, callTo } = this.#options;
    retries?.budget.request();
    this.#begin(callTo(this.#to.upstream, body));
  }

  /** A piece of the request's body passes. */
  uploads(chunk: Buffer): void {
    this.#held?.push(chunk);
  }

  resume(): void {
    this.#attempt?.resume();
  }

  /** Nobody waits for an answer any more. */
  leave(): void {
    this.#isOver = true;
    this.#cancelWait?.();
    this.#screen?.close();
    this.#held?.letGo();
    this.#attempt?.leave();
  }

  /** Hands over what the answer of the last try said. */
  finish(done: (facts: ResponseFacts) => void): void {
    if (this.#attempt === undefined || this.#response !== undefined) done(this.#response ?? {});
    else this.#attempt.finish(done);
  }

  facts(response: ResponseFacts, ending: TryEnding): ExchangeFacts {
    const attempt = this.#attempt;
    const { said, hasOwnKey, request } = this.#options;
    return {
      request: said(),
      headers: headerFacts({
        answer: attempt?.headers,
        answeredMs: attempt?.answeredMs ?? 0,
        error: response.error,
        request: request.headers,
      }),
      provider: this.#to.upstream.provider,
      otherModel: this.#to.model,
      ownKey: hasOwnKey(),
      attempt: this.#number,
      lastTry: attempt && { startMs: this.#attemptMs, endMs: this.#attemptEndMs },
      phase: attempt?.phase ?? 'connect',
      response,
      startMs: ending.startMs,
      endMs: ending.endMs,
      status: ending.status,
      own: ending.own,
      cut: ending.cut,
      clientLeft: ending.clientLeft,
    };
  }

  /** Counts the decision about the last try, where one is owed. To be called with the final event, before that is handed over. */
  settle(event: RequestEvent): void {
    const { guard, live } = this.#options;
    const obstacle = this.#obstacle;
    // A client that left or a proxy that stopped has decided otherwise.
    if (obstacle === undefined || event.code === CLIENT_CLOSED_REQUEST || event.origin === 'exporter') return;
    guard('retry', undefined, () => {
      const verdict = live.judge(event);
      live.retry(verdict, verdict.retryable === 'no' ? 'not_retryable' : obstacle);
    });
  }

  #begin(request: CallRequest): void {
    const { clock, guard, retries, listener } = this.#options;
    this.#number += 1;
    this.#attemptMs = clock.elapsedMs();
    this.#attemptEndMs = undefined;
    this.#response = undefined;
    this.#screen = retries && new Screen(this.#screenRules(retries));
    this.#attempt = new Attempt({ clock, guard, listener: this.#screen ?? listener });
    this.#attempt.start(this.#to.upstream, request);
  }

  #screenRules(retries: Retries): ScreenRules {
    const { clock, listener } = this.#options;
    const mayRepeat = (): boolean => {
      this.#obstacle = this.#obstacleTo(retries);
      return this.#obstacle === undefined;
    };
    const isHopeless = (): boolean => {
      this.#obstacle = 'not_retryable';
      return false;
    };
    return {
      clock,
      listener,
      mayReplaceAnswer: (status) => retries.policy.statuses.has(status) && mayRepeat(),
      mayReplaceFailure: (code) => (this.#mayHeal(code) ? mayRepeat() : isHopeless()),
      onEnd: (ending, pass) => this.#judge(retries, ending, pass),
      onShown: () => this.#held?.letGo(),
      onUnheld: isHopeless,
    };
  }

  /** Whether a failure to get an answer may be another at another try. */
  #mayHeal(code: string): boolean {
    return code !== NO_CONNECTION_LEFT && (this.#attempt?.phase === 'connect' || LOST.has(code));
  }

  /** Why there can be no other try, whatever the cause. */
  #obstacleTo({ policy }: Retries): Obstacle | undefined {
    if (this.#number > policy.maxRetries) return 'attempts_exhausted';
    return this.#options.request.isComplete && this.#held?.whole() !== undefined ? undefined : 'not_retryable';
  }

  /** Decides what follows a try that is over; `pass` shows it to the client. */
  #judge(retries: Retries, ending: Ending, pass: () => void): void {
    const { clock, guard, live } = this.#options;
    const endMs = clock.elapsedMs();
    const span = { startMs: this.#attemptMs, endMs };
    this.#attemptEndMs = endMs;
    this.finish((response) => {
      if (this.#isOver) return;
      this.#response = response;
      const goesOn = guard('retry', false, () => {
        const event = toEvent(this.facts(response, { ...span, ...ending, clientLeft: false }), clock);
        return this.#goesOnAfter(event, live.judge(event), retries);
      });
      if (!goesOn) pass();
    });
  }

  #goesOnAfter(event: RequestEvent, verdict: AttemptVerdict, retries: Retries): boolean {
    const { clock, live, guard, startMs } = this.#options;
    const body = this.#held?.whole();
    if (body === undefined) return false;
    const elsewhere = this.#elsewhere({ event, verdict, body }, retries);
    const failed = { event, verdict, isElsewhere: elsewhere !== undefined };
    const decided = decide({ ...failed, tries: this.#number, elapsedMs: clock.elapsedMs() - startMs }, retries);
    if (decided.decision !== 'retried') {
      live.retry(verdict, decided.decision);
      return false;
    }
    this.#screen?.close();
    this.#options.tried?.(verdict, elsewhere !== undefined);
    this.#cancelWait = clock.after(decided.delayMs, () => {
      guard('retry', undefined, () => {
        live.attempt({ ...event, final: false });
        live.retry(verdict, decided.decision);
      });
      this.#repeat(elsewhere ?? { ...this.#to, body }, retries);
    });
    return true;
  }

  /** The fallback is gone to once; from there it is the place to try again. */
  #elsewhere(
    { event, verdict, body }: { event: RequestEvent; verdict: AttemptVerdict; body: Buffer },
    { policy: { fallback }, fallbackUpstream }: Retries,
  ): Destination | undefined {
    if (fallback === undefined || this.#hasFallenBack) return undefined;
    return fallbackFor({
      fallback,
      upstream: fallbackUpstream(),
      verdict,
      shouldRetry: event.shouldRetry,
      from: { ...this.#to, body },
    });
  }

  get #hasFallenBack(): boolean {
    return this.#to.model !== undefined || this.#to.upstream !== this.#options.upstream;
  }

  #repeat({ body, ...to }: Destination, { policy }: Retries): void {
    const { callTo } = this.#options;
    this.#to = to;
    if (this.#number >= policy.maxRetries) this.#held?.letGo();
    else this.#held?.replace(body);
    const call = callTo(to.upstream, body.length === 0 ? undefined : body);
    this.#begin({ ...call, headers: withLength(call.headers, body) });
  }
}

/** The same headers for a body of another length. */
function withLength(headers: readonly string[], body: Buffer): string[] {
  return headers.map((value, at) =>
    at % 2 === 1 && /^content-length$/i.test(headers[at - 1] ?? '') ? String(body.length) : value,
  );
}
