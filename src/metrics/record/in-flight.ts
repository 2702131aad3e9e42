import type { RequestEvent } from '../../event/request-event.ts';
import type { AttemptVerdict, EventSink, LiveRequest, RetryDecision } from '../../event/sink.ts';
import type { Store } from '../store.ts';
import type { Admission } from './model-admission.ts';

/** The requests under way for one model, by the name that clients wrote; those that have named none yet have one group. */
interface Group {
  readonly provider: string;
  readonly model: string | undefined;
  /** All of its provider, by model. */
  readonly siblings: Map<string | undefined, Group>;
  count: number;
}

/** What a request needs to count. */
interface Flow {
  readonly store: Store;
  readonly admission: Admission;
  readonly record: (event: RequestEvent, inFlight: number) => void;
  readonly judge: (event: RequestEvent, inFlight: number) => AttemptVerdict;
  join(provider: string, model: string | undefined): Group;
  leave(group: Group): void;
}

/**
 * Follows requests from `open` to their one `end`, and exposes `llm_requests_in_flight` as the number of those between
 * at the moment of a scrape. A gauge that is raised and lowered drifts for good with the first way out that is
 * forgotten or taken twice (https://github.com/maximhq/bifrost/issues/7005: -9 in flight). `record` is also told how many
 * requests for the same model were under way when this one named it.
 */
export function createInFlight({
  store,
  admission,
  record,
  judge,
}: Pick<Flow, 'store' | 'admission' | 'record' | 'judge'>): EventSink['open'] {
  const groups = new Map<string, Map<string | undefined, Group>>();
  store.beforeCollect(() => expose(store, admission, groups));

  const meet = (provider: string): Map<string | undefined, Group> => {
    const siblings = new Map<string | undefined, Group>();
    groups.set(provider, siblings);
    return siblings;
  };
  const flow: Flow = {
    ...{ store, admission, record, judge },
    join(provider, model) {
      const siblings = groups.get(provider) ?? meet(provider);
      const group = siblings.get(model) ?? { provider, model, siblings, count: 0 };
      if (group.count === 0) siblings.set(model, group);
      group.count += 1;
      return group;
    },
    leave(group) {
      group.count -= 1;
      // Clients write the names: a group ends with its last request, or names would pile up.
      if (group.count === 0 && group.model !== undefined) group.siblings.delete(group.model);
    },
  };
  return (start) => new InFlight(flow, admission.provider(start.provider));
}

class InFlight implements LiveRequest {
  readonly #flow: Flow;
  #group: Group;
  /** Others for the same model, when it was named. */
  #others: number;
  #isOver = false;

  constructor(flow: Flow, provider: string) {
    this.#flow = flow;
    this.#group = flow.join(provider, undefined);
    this.#others = this.#group.count - 1;
  }

  get model(): string | undefined {
    return this.#group.model;
  }

  set model(name: string | undefined) {
    if (name === this.#group.model || this.#isOver) return;
    this.#flow.leave(this.#group);
    this.#group = this.#flow.join(this.#group.provider, name);
    this.#others = this.#group.count - 1;
  }

  judge(event: RequestEvent): AttemptVerdict {
    return this.#flow.judge(event, this.#others);
  }

  attempt(event: RequestEvent): void {
    this.#flow.record(event, this.#others);
  }

  retry({ cause }: AttemptVerdict, decision: RetryDecision): void {
    const { store, admission } = this.#flow;
    const { provider, model } = this.#group;
    store.add('llm_retries_total', { provider, model: admission.model(provider, model, false), cause, decision });
  }

  end(event: RequestEvent): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { store, admission, record, leave } = this.#flow;
    const { provider, model } = this.#group;
    leave(this.#group);
    record(event, this.#others);
    // A request that no scrape saw leaves its series all the same: 0 tells idle from unknown.
    store.set('llm_requests_in_flight', { provider, model: admission.model(provider, model, false) }, 0);
  }
}

function expose(store: Store, admission: Admission, groups: ReadonlyMap<string, ReadonlyMap<unknown, Group>>): void {
  // Series seen before stay, at 0: a gauge that vanishes reads as its last value for five minutes.
  for (const { labels } of store.samples('llm_requests_in_flight')) store.set('llm_requests_in_flight', labels, 0);
  for (const [provider, ofProvider] of groups) {
    // The name of several groups may be one label: `other`.
    const counts = new Map<string, number>();
    for (const { model, count } of ofProvider.values()) {
      if (count === 0) continue;
      const label = admission.model(provider, model, false);
      counts.set(label, (counts.get(label) ?? 0) + count);
    }
    for (const [model, count] of counts) store.set('llm_requests_in_flight', { provider, model }, count);
  }
}
