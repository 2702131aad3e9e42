import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import { type Classification, classify } from '../../../../src/classify/classify.ts';
import { createTrafficObserver } from '../../../../src/classify/inference/traffic-observer.ts';
import type { KnownContext } from '../../../../src/classify/inference/traffic-state.ts';
import type { RequestEvent } from '../../../../src/event/request-event.ts';
import { readErrorBody } from '../../../../src/provider/error-body.ts';

const catalogue = loadCatalogue();

/** A request by when it began and how long it took; what is not said is a quick success of model `m`. */
export interface Played extends Partial<Omit<RequestEvent, 'timeMs'>>, KnownContext {
  /** Seconds since the replay began. */
  readonly at: number;
  readonly body?: string;
}

export const START_MS = Date.UTC(2026, 0, 1);

/** The event of a played request; it ends `durationSeconds` after it began. */
export function playedEvent({ at, body, gatewayTimeoutSeconds: _, inFlight: __, ...fields }: Played): RequestEvent {
  const event = { provider: 'acme', model: 'm', stream: false, code: 200, durationSeconds: 2, final: true, ...fields };
  const error = body === undefined ? {} : { error: readErrorBody(body) };
  return { ...event, ...error, timeMs: START_MS + (at + (event.durationSeconds ?? 0)) * 1000 };
}

/** Classifies requests as the recorder does, and learns from each. Returns the way to play one. */
export function createReplay(): (played: Played) => Classification {
  const observer = createTrafficObserver();
  return (played) => {
    const event = playedEvent(played);
    const traffic = observer.of(event.provider, event.model ?? 'unknown');
    const verdict = classify(event, catalogue, traffic.contextFor(event, played));
    traffic.observe(event, verdict.cause, played);
    return verdict;
  };
}

/** Plays all in the order in which they end, and says what became of each, in the order given. */
export function replay(all: readonly Played[], play = createReplay()): readonly Classification[] {
  const endOf = (played: Played) => playedEvent(played).timeMs;
  const verdicts = new Map<Played, Classification>();
  for (const played of [...all].sort((a, b) => endOf(a) - endOf(b))) verdicts.set(played, play(played));
  return all.flatMap((played) => verdicts.get(played) ?? []);
}

/** One request every `everySeconds` from `from` to `to`. */
export function steady(
  { from, to, everySeconds }: { readonly from: number; readonly to: number; readonly everySeconds: number },
  fields: Omit<Played, 'at'> = {},
): readonly Played[] {
  const count = Math.max(0, Math.ceil((to - from) / everySeconds));
  return Array.from({ length: count }, (_, index) => ({ ...fields, at: from + index * everySeconds }));
}

export const BARE_503 = { code: 503, body: '' } as const;
export const BARE_500 = { code: 500, body: '' } as const;
export const BARE_504 = { code: 504, body: '' } as const;
export const BARE_429 = { code: 429, body: '' } as const;
