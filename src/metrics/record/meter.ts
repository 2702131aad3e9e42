import type { Basis, Cause } from '../../classify/causes.ts';
import type { NamesOf, Outcome, TokenType } from '../families.ts';
import type { Count, Observe, ObserveRows, Store } from '../store.ts';
import { UNKNOWN } from './model-admission.ts';

/** The series that requests for one model with one value of stream are counted in. */
export interface Meter {
  readonly requests: (code: number) => (cause: Cause) => Count;
  readonly attempts: (code: number) => (cause: Cause) => Count;
  readonly durations: (outcome: Outcome) => Observe;
  readonly durationsOfRows: (outcome: Outcome) => ObserveRows;
  readonly tokenTimes: (name: TokenTime) => Observe;
  readonly tokens: (tokenType: TokenType) => Count;
  readonly nearTimeout: () => Count;
}

type TokenTime = Extract<NamesOf<'histogram'>, `llm_time_${string}`>;

/**
 * Finds each series once, when it is first counted in: the same few labels come again and again, and a held series is
 * counted in a tenth of the time that finding it by five labels takes. Bounded as the labels are.
 */
export function createMeters(store: Store): (provider: string) => (model: string) => (stream: string) => Meter {
  return memo((provider) => memo((model) => memo((stream) => createMeter(store, { provider, model, stream }))));
}

/** The same for the series that count by what evidence the failures of a provider were told. */
export function createBasisCounts(store: Store): (provider: string) => (basis: Basis) => Count {
  return memo((provider) => memo((basis) => store.counter('llm_classifications_total', { provider, basis })));
}

function createMeter(
  store: Store,
  { provider, model, stream }: { readonly provider: string; readonly model: string; readonly stream: string },
): Meter {
  return {
    requests: byCode((code) =>
      memo((cause) => store.counter('llm_requests_total', { provider, model, code, cause, stream })),
    ),
    attempts: byCode((code) => memo((cause) => store.counter('llm_attempts_total', { provider, model, code, cause }))),
    durations: memo((outcome) => store.histogram('llm_request_duration_seconds', { provider, model, stream, outcome })),
    durationsOfRows: memo((outcome) =>
      store.histogramOfRows('llm_request_duration_seconds', { provider, model, stream, outcome }),
    ),
    tokenTimes: memo((name) => store.histogram(name, { provider, model })),
    tokens: memo((tokenType) => store.counter('llm_tokens_total', { provider, model, token_type: tokenType })),
    nearTimeout: once(() => store.counter('llm_requests_near_timeout_total', { provider, model, stream })),
  };
}

/** Three digits, whatever an input let through, so that the label stays bounded. */
function byCode<V extends object>(make: (label: string) => V): (code: number) => V {
  const ofCode = memo((code: number) => make(code === 0 ? UNKNOWN : String(code)));
  return (code) => ofCode(Number.isInteger(code) && code >= 100 && code <= 999 ? code : 0);
}

/** `make`, called once, at the first need. */
function once<V extends object>(make: () => V): () => V {
  let made: V | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** `make`, called once for each key. Mostly the key is that of the call before. */
function memo<K, V extends object>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  let lastKey: K | undefined;
  let last: V | undefined;
  return (key) => {
    if (last !== undefined && key === lastKey) return last;
    last = made.get(key);
    if (last === undefined) {
      last = make(key);
      made.set(key, last);
    }
    lastKey = key;
    return last;
  };
}
