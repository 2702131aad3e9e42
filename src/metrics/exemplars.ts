import type { Clock } from '../clock.ts';

/**
 * Who can name one request behind a count; every `RequestEvent` is one. Held series take it as their last argument:
 *
 *     store.counter('llm_requests_total', labels)(1, event);
 *     store.histogram('llm_request_duration_seconds', labels)(event.durationSeconds, event);
 *
 * Pass the event itself and nothing made for the call. `requestId` is read only while no exemplar is kept since the
 * last cut: once per series or bucket and scrape where requests have ids, so it may be a getter that does work. Give
 * none where none is wanted: a counter with cause `none`.
 */
export interface ExemplarSource {
  readonly requestId?: string | undefined;
  /** Epoch milliseconds. */
  readonly timeMs: number;
}

/** One request among those that a number counts. */
export interface Exemplar {
  readonly requestId: string;
  /** What it added to a counter, or the value observed. */
  readonly value: number;
  readonly timeMs: number;
}

/** At most one exemplar for each number of a family. */
export interface Exemplars {
  /** Whether none was kept for the number at `index` since the last cut. */
  isWanted(index: number): boolean;
  /** Keeps the request as the exemplar of the number at `index`, unless one was kept since the last cut. */
  note(index: number, value: number, source: ExemplarSource): void;
  /** Those kept now, by index; after this newer ones replace them, in a copy. */
  cut(): readonly (Exemplar | undefined)[];
}

/** The name of the label that exemplars carry. */
export const EXEMPLAR_LABEL = 'request_id';
/**
 * Names and values together may have so many characters (OpenMetrics 1.0, "Exemplars"); Prometheus drops longer ones.
 */
const MAX_EXEMPLAR_CHARACTERS = 128;

/** Ids are for looking a request up in a log; one of another form is not worth the risk of what it holds. */
const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;

/** Whether an id may be shown. */
export function isRequestId(id: string): boolean {
  return REQUEST_ID.test(id);
}

/**
 * The exemplars of one family, none at first. A request without an id, or with one that may not be shown, is no
 * exemplar.
 */
export function createExemplars(clock: Clock): Exemplars {
  const kept: ((Exemplar & { readonly cuts: number }) | undefined)[] = [];
  let cuts = 0;

  /** Numbers are compared with numbers only: what may be undefined is compared by a call. */
  function isWanted(index: number): boolean {
    const last = kept[index];
    return last === undefined || last.cuts !== cuts;
  }

  return {
    isWanted,
    note(index, value, source) {
      if (!isWanted(index)) return;
      const last = kept[index];
      const { requestId, timeMs } = source;
      // Prometheus refuses an exemplar that is not newer than the one before it in its series, and logs that at every
      // scrape.
      if (requestId === undefined || (last !== undefined && timeMs <= last.timeMs) || !isShowable(requestId)) return;
      // No holes: V8 keeps an array with big ones as a hash table.
      while (kept.length < index) kept.push(undefined);
      // A line's clock that is ahead of ours would silence all that comes after it.
      kept[index] = { requestId, value, timeMs: Math.min(timeMs, clock.nowMs()), cuts };
    },
    cut() {
      cuts += 1;
      return kept.slice();
    },
  };
}

function isShowable(requestId: string): boolean {
  return requestId.length <= MAX_EXEMPLAR_CHARACTERS - EXEMPLAR_LABEL.length && isRequestId(requestId);
}
