import type { RequestEvent } from '../../event/request-event.ts';
import type { Cause } from '../causes.ts';
import type { ClassifyContext } from '../classify.ts';
import { learn } from './learn.ts';
import { signsOf } from './signs.ts';
import {
  createModelState,
  createProviderState,
  type KnownContext,
  type ModelState,
  type ProviderState,
} from './traffic-state.ts';

/** The traffic to one model of one provider. */
export interface Traffic {
  /** What the traffic before this request says about it, for `classify`. */
  contextFor(event: RequestEvent, known?: KnownContext): ClassifyContext;
  /** Learns from a try that has ended, after it was classified. */
  observe(event: RequestEvent, cause: Cause, known?: KnownContext): void;
  /** All that is remembered: for those who learn from rows of a batch. */
  readonly state: ModelState;
}

export interface TrafficObserver {
  /**
   * The names are kept, so they must be bounded values that share no memory with a request: label values. Ask anew for
   * each event: what is not used for long makes room.
   */
  of(provider: string, model: string): Traffic;
  /** `of` for those who ask it often for the same model: what comes back is to be called for each event. */
  hold(provider: string, model: string): () => Traffic;
}

/** About 20 KiB each. More models than this at once are rare, and the least recently used loses some minutes of memory. */
const MAX_MODELS = 256;

interface Model extends Traffic {
  /** A count of uses: event times may jump. */
  lastUse: number;
  /** It made room for another: who still holds it must ask anew. */
  isDropped: boolean;
}

interface Provider {
  readonly state: ProviderState;
  readonly models: Map<string, Model>;
}

const NOTHING_KNOWN: KnownContext = Object.freeze({});

/**
 * Watches own traffic for what a single answer cannot tell: how long the gateway waits, whether traffic was rising, what
 * else fails. Clock-free: time is that of the events, which may come from several logs, somewhat out of order. It only
 * supplies context; which cause follows from it is up to the catalogue's rules of basis `timing`. A wrong guess is worse
 * than none, so each sign is absent until its minimum of evidence is there.
 */
export function createTrafficObserver({
  limits: { models: modelLimit } = { models: MAX_MODELS },
}: {
  readonly limits?: { readonly models: number };
} = {}): TrafficObserver {
  const providers = new Map<string, Provider>();
  let size = 0;
  let uses = 0;

  const meet = (provider: string, model: string): Model => {
    if (size >= modelLimit) dropLeastRecent(providers);
    else size += 1;
    const known = providers.get(provider) ?? newProvider();
    providers.set(provider, known);
    const met = newModel(known);
    known.models.set(model, met);
    return met;
  };

  const of = (provider: string, model: string) =>
    use(providers.get(provider)?.models.get(model) ?? meet(provider, model));
  const use = (model: Model): Model => {
    uses += 1;
    model.lastUse = uses;
    return model;
  };

  return {
    of,
    hold(provider, model) {
      let held: Model | undefined;
      return () => {
        if (held !== undefined && !held.isDropped) return use(held);
        held = of(provider, model);
        return held;
      };
    },
  };
}

/** Looked for only when a model is met for the first time, of which there are few. */
function dropLeastRecent(providers: Map<string, Provider>): void {
  let leastUse = Number.POSITIVE_INFINITY;
  let drop = () => {};
  for (const [name, provider] of providers) {
    for (const [modelName, model] of provider.models) {
      if (model.lastUse >= leastUse) continue;
      leastUse = model.lastUse;
      drop = () => {
        model.isDropped = true;
        provider.models.delete(modelName);
        provider.state.healths.delete(model.state.health);
        if (provider.models.size === 0) providers.delete(name);
      };
    }
  }
  drop();
}

function newProvider(): Provider {
  return { state: createProviderState(), models: new Map() };
}

function newModel(provider: Provider): Model {
  const state = createModelState(provider.state);
  provider.state.healths.add(state.health);
  return {
    state,
    lastUse: 0,
    isDropped: false,
    contextFor(event, known = NOTHING_KNOWN) {
      return event.code < 400 && event.error === undefined ? known : signsOf(state, event, known);
    },
    observe(event, cause, known = NOTHING_KNOWN) {
      learn(state, event, cause, known);
    },
  };
}
