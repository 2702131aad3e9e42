import type { Clock } from '../../clock.ts';
import {
  CLIENT_CLOSED_REQUEST,
  type ErrorFacts,
  type Origin,
  type Phase,
  type RateLimit,
  type RequestEvent,
  type TryTimes,
} from '../../event/request-event.ts';
import { originOfAnswer } from '../../provider/origin.ts';
import type { OwnAnswer } from './own-answer.ts';
import type { ResponseFacts } from './tap/stream-tap.ts';

/** An answer that broke after its headers had gone to the client. */
export interface Cut {
  readonly origin: Origin;
  readonly error: ErrorFacts;
}

/** What a request said. */
export interface RequestSaid {
  readonly model: string | undefined;
  /** The request's own flag; an event stream as the answer overrules it. */
  readonly stream: boolean | undefined;
  /** Undefined where the request was not seen. */
  readonly keyPresent: boolean | undefined;
  /** Whether the operation is one whose streams end in a documented way. */
  readonly mustEnd: boolean;
  /** Whether it asks a model for something; absent where the request was not seen, which then was such a call. */
  readonly generates?: boolean | undefined;
  /** Of the request's body; absent where it was not seen. */
  readonly requestBytes?: number | undefined;
}

/** What the headers of an exchange said. */
export interface HeadersSaid {
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly rateLimit: RateLimit | undefined;
  /** The machine type that the headers of a failed answer name. */
  readonly errorType: string | undefined;
  /** Who made a failed answer, where its headers tell. */
  readonly markedOrigin: Origin | undefined;
}

/** All that is known of one exchange when it is over. Spans are in the clock's `elapsedMs`. */
export interface ExchangeFacts {
  readonly request: RequestSaid;
  readonly headers: HeadersSaid;
  readonly provider: string;
  /** In place of the one that the request named: a fallback's. */
  readonly otherModel?: string | undefined;
  readonly startMs: number;
  /** When the client's side was over; reading the copy of a coded answer takes a little longer. */
  readonly endMs: number;
  /** Whether the exporter set the key. */
  readonly ownKey?: boolean | undefined;
  /** Number of the last try against an upstream; 0 when there was none, or it has been counted by itself. */
  readonly attempt: number;
  /** When that began and, where it was over before the exchange, when it ended; undefined when there was none. */
  readonly lastTry: { readonly startMs: number; readonly endMs: number | undefined } | undefined;
  readonly phase: Phase;
  /** The status line that went to the client; undefined when it left before there was one. */
  readonly status: number | undefined;
  readonly own: OwnAnswer | undefined;
  readonly cut: Cut | undefined;
  readonly clientLeft: boolean;
  readonly response: ResponseFacts;
}

/** The error code of a stream that closed politely without the end that its API documents. */
const MISSING_TERMINAL_EVENT = 'missing_terminal_event';

/** The one final event of an exchange. Exactly one ending applies; they are tried from the hardest fact to the softest. */
export function toEvent(facts: ExchangeFacts, clock: Clock): RequestEvent {
  const { request, headers, response, startMs, endMs } = facts;
  const first = response.stream?.firstTokenMs;
  const last = response.stream?.lastTokenMs;
  const end = ending(facts);
  return {
    timeMs: clock.nowMs(),
    provider: facts.provider,
    model: facts.otherModel ?? request.model,
    stream: response.stream === undefined ? request.stream : true,
    durationSeconds: seconds(startMs, endMs),
    firstTokenSeconds: first === undefined ? undefined : seconds(startMs, first),
    lastTry: lastTryTimes(facts),
    outputSeconds: first === undefined || last === undefined ? undefined : seconds(first, last),
    tokens: response.tokens,
    retryAfterSeconds: headers.retryAfterSeconds,
    shouldRetry: headers.shouldRetry,
    rateLimit: headers.rateLimit,
    requestBytes: request.requestBytes,
    keyPresent: request.keyPresent,
    ownKey: facts.ownKey,
    attempt: facts.attempt,
    final: true,
    requestId: headers.requestId,
    code: end.code,
    origin: end.origin,
    phase: end.phase,
    error: end.error,
  };
}

/** Of an exchange that is no more than its one try nothing has to be told. */
function lastTryTimes({ lastTry, startMs, endMs, response }: ExchangeFacts): TryTimes | undefined {
  if (lastTry === undefined) return NO_TRY;
  const triedMs = lastTry.endMs ?? endMs;
  if (lastTry.startMs === startMs && triedMs === endMs) return undefined;
  const first = response.stream?.firstTokenMs;
  return {
    durationSeconds: seconds(lastTry.startMs, triedMs),
    firstTokenSeconds: first === undefined ? undefined : seconds(lastTry.startMs, first),
  };
}

const NO_TRY: TryTimes = Object.freeze({});

type Ending = Pick<RequestEvent, 'code' | 'origin' | 'phase' | 'error'>;

function ending(facts: ExchangeFacts): Ending {
  const { status, own, cut, phase, response } = facts;
  if (status === undefined) return { code: CLIENT_CLOSED_REQUEST, origin: 'client', phase };
  if (own !== undefined) return { code: status, origin: own.origin, phase, error: ownError(own) };
  if (cut !== undefined) return { code: status, origin: cut.origin, phase, error: cut.error };
  // Clients hang up on the end mark of a stream without waiting for the end of the body: they have got everything.
  if (facts.clientLeft && response.stream?.isComplete !== true) {
    return { code: CLIENT_CLOSED_REQUEST, origin: 'client', phase };
  }
  const error = isFailure(facts, status) ? response.error : undefined;
  if (error !== undefined) return failedAnswer(facts, status, named(error, facts.headers.errorType));
  if (facts.request.mustEnd && response.stream?.isComplete === false) {
    return { code: status, origin: 'provider', phase, error: { code: MISSING_TERMINAL_EVENT } };
  }
  return { code: status, origin: 'provider' };
}

/** A 200 that hands out a file or the record of a job may hold an error that is not its own; what comes as events is said now. */
function isFailure({ request, response }: ExchangeFacts, status: number): boolean {
  return status >= 400 || request.generates !== false || response.stream !== undefined;
}

function failedAnswer({ headers, phase }: ExchangeFacts, status: number, error: ErrorFacts): Ending {
  const origin = originOfAnswer(status, error, headers.markedOrigin);
  return status >= 400 ? { code: status, origin, error } : { code: status, origin, phase, error };
}

/** A body that names itself is closer to the cause than a header beside it. */
function named(error: ErrorFacts, errorType: string | undefined): ErrorFacts {
  const isNamed = errorType === undefined || error.code !== undefined || error.type !== undefined;
  return isNamed ? error : { ...error, type: errorType };
}

function ownError({ code, message, type, origin }: OwnAnswer): ErrorFacts {
  return origin === 'network' ? { code, message } : { code, type, message };
}

function seconds(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / 1000;
}
