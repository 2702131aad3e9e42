import type { RequestEvent } from '../../event/request-event.ts';
import type { AttemptVerdict, EventSink, LiveRequest } from '../../event/sink.ts';
import type { Store } from '../store.ts';
import type { Admission } from './model-admission.ts';

/** The requests under way for one model, by the name that clients wrote; those that have named none yet have one group. */
interface Group {
  readonly provider: string;
  readonly model: string | undefined;
  readonly live: Set<LiveRequest>;
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
}: {
  readonly store: Store;
  readonly admission: Admission;
  readonly record: (event: RequestEvent, inFlight: number) => void;
  readonly judge: (event: RequestEvent, inFlight: number) => AttemptVerdict;
}): EventSink['open'] {
  const groups = new Map<string, Map<string | undefined, Group>>();
  store.beforeCollect(() => expose(store, admission, groups));

  const join = (provider: string, model: string | undefined, request: LiveRequest): Group => {
    const ofProvider = groups.get(provider) ?? new Map<string | undefined, Group>();
    groups.set(provider, ofProvider);
    const group = ofProvider.get(model) ?? { provider, model, live: new Set() };
    ofProvider.set(model, group);
    group.live.add(request);
    return group;
  };
  // Clients write the names: a group ends with its last request, or names would pile up.
  const leave = ({ provider, model, live }: Group, request: LiveRequest): boolean => {
    const left = live.delete(request);
    // Only the one that was its last: by a second end, a group of that name may be another, with requests in it.
    if (left && live.size === 0) groups.get(provider)?.delete(model);
    return left;
  };

  return (start) => {
    const provider = admission.provider(start.provider);
    let group: Group;
    let inFlight: number;
    const request: LiveRequest = {
      get model() {
        return group.model;
      },
      set model(name) {
        if (name === group.model || !leave(group, request)) return;
        group = join(provider, name, request);
        inFlight = group.live.size - 1;
      },
      judge: (event) => judge(event, inFlight),
      attempt: (event) => record(event, inFlight),
      retry({ cause }, decision) {
        const model = admission.model(provider, group.model, false);
        store.add('llm_retries_total', { provider, model, cause, decision });
      },
      end(event) {
        if (!leave(group, request)) return;
        record(event, inFlight);
        // A request that no scrape saw leaves its series all the same: 0 tells idle from unknown.
        store.set('llm_requests_in_flight', { provider, model: admission.model(provider, group.model, false) }, 0);
      },
    };
    group = join(provider, undefined, request);
    inFlight = group.live.size - 1;
    return request;
  };
}

function expose(store: Store, admission: Admission, groups: ReadonlyMap<string, ReadonlyMap<unknown, Group>>): void {
  // Series seen before stay, at 0: a gauge that vanishes reads as its last value for five minutes.
  for (const { labels } of store.samples('llm_requests_in_flight')) store.set('llm_requests_in_flight', labels, 0);
  for (const [provider, ofProvider] of groups) {
    // The name of several groups may be one label: `other`.
    const counts = new Map<string, number>();
    for (const { model, live } of ofProvider.values()) {
      const label = admission.model(provider, model, false);
      counts.set(label, (counts.get(label) ?? 0) + live.size);
    }
    for (const [model, count] of counts) store.set('llm_requests_in_flight', { provider, model }, count);
  }
}
