import { isUtf8 } from 'node:buffer';
import type { Clock } from '../../clock.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import { headerValue, type ParsedHeaders } from '../../provider/headers/parsed-headers.ts';
import { headerFacts } from './header-facts.ts';
import { toEvent } from './outcome.ts';
import type { Guard } from './tap/guard.ts';
import { createRequestTap, type RequestFacts } from './tap/request-tap.ts';
import { createResponseTap } from './tap/response-tap.ts';

/** An exchange that somebody wrote down: a body in a ticket, a HAR entry, a line of a corpus. Header names in lower case. */
export interface RecordedExchange {
  readonly provider: string;
  readonly status: number;
  readonly headers: ParsedHeaders;
  readonly body: Buffer;
  /** What the request asked for, where that is known otherwise than from `request`. */
  readonly stream?: boolean | undefined;
  readonly durationSeconds?: number | undefined;
  /** When it ended, epoch milliseconds; by default now. */
  readonly timeMs?: number | undefined;
  readonly request?: RecordedRequest | undefined;
}

export interface RecordedRequest {
  /** Absent where it was not written down. */
  readonly method?: string;
  readonly url: string;
  readonly headers: ParsedHeaders;
  readonly body: Buffer;
}

/** The time, and who hears of faults in what only watches. */
export interface RecordedContext {
  readonly clock: Clock;
  readonly guard: Guard;
}

/**
 * The event of a recorded exchange, made by the taps and the outcome that serve the live one. Times inside a stream were
 * not recorded: all its frames came at once, so that "had begun" is kept and no span is.
 */
export function eventOfRecorded(
  exchange: RecordedExchange,
  { clock: now, guard }: RecordedContext,
): Promise<RequestEvent> {
  const { provider, status, durationSeconds } = exchange;
  const timeMs = exchange.timeMs ?? now.nowMs();
  const clock: Clock = { ...now, nowMs: () => timeMs, elapsedMs: () => 0 };
  const request = requestFacts(exchange);
  const stream = request.stream ?? exchange.stream;
  const headers = describedHeaders(exchange, stream);
  const isStream = isEventStream(headers);
  const tap = createResponseTap({ status, headers, clock, guard });
  tap.push(isStream ? framed(exchange.body) : exchange.body);
  return new Promise((resolve) => {
    tap.finish((response) => {
      const facts = {
        request: { ...request, stream, mustEnd: request.mustEnd ?? isStream },
        headers: headerFacts({
          answer: headers,
          answeredMs: timeMs,
          error: response.error,
          request: exchange.request?.headers ?? {},
        }),
        ...{ provider, status, response, startMs: 0, endMs: 0 },
        lastTry: { startMs: 0, endMs: 0 },
        attempt: 1,
        phase: isStream ? ('stream' as const) : ('body' as const),
        own: undefined,
        cut: undefined,
        clientLeft: false,
      };
      resolve({ ...toEvent(facts, clock), durationSeconds });
    });
  });
}

type KnownRequest = { readonly [K in keyof RequestFacts]: RequestFacts[K] | undefined };

const UNSEEN: KnownRequest = {
  model: undefined,
  stream: undefined,
  keyPresent: undefined,
  mustEnd: undefined,
  generates: undefined,
};

function requestFacts({ request }: RecordedExchange): KnownRequest {
  if (request === undefined) return UNSEEN;
  const tap = createRequestTap(request);
  tap.push(request.body);
  return tap.facts();
}

/** The answer's headers, with what recorders leave out put back and what they leave in by mistake taken away. */
function describedHeaders({ headers, body, status }: RecordedExchange, stream: boolean | undefined): ParsedHeaders {
  const { 'content-encoding': coding, ...others } = headers;
  // Browsers and curl --compressed write the decoded body beside the header of the coded one; coded bytes are no UTF-8.
  const kept = isUtf8(body) ? others : { ...others, 'content-encoding': coding };
  if (status >= 400 || headerValue(headers, 'content-type') !== undefined) return kept;
  const type = stream === true || isFramed(body) ? 'text/event-stream' : 'application/json';
  return { ...kept, 'content-type': type };
}

function isEventStream(headers: ParsedHeaders): boolean {
  return /^text\/event-stream/i.test(headerValue(headers, 'content-type') ?? '');
}

/** Whether a body is the text of an event stream; `error:` is llama.cpp's. */
export function isFramed(body: Buffer): boolean {
  return /^\s*(?:event|data|id|retry|error)?:/.test(body.toString('latin1', 0, 64));
}

/** A stream is often quoted without its framing, as the text of the frame that failed. */
function framed(body: Buffer): Buffer {
  if (body.length === 0 || !isUtf8(body) || isFramed(body)) return body;
  return Buffer.from(body.toString('utf8').replace(/^/gm, 'data: '));
}
