import type { RequestEvent } from '../../event/request-event.ts';
import type { EventSink, LiveRequest } from '../../event/sink.ts';
import type { Store } from '../store.ts';
import type { Admission } from './model-admission.ts';

/** A request under way; its model may become known, or admitted, while it is. */
interface InFlightRequest extends LiveRequest {
  labels(): { readonly provider: string; readonly model: string };
}

/**
 * Follows requests from `open` to their one `end`, and exposes `llm_requests_in_flight` as the number of those between
 * at the moment of a scrape. A gauge that is raised and lowered drifts for good with the first way out that is
 * forgotten or taken twice (https://github.com/maximhq/bifrost/issues/7005: -9 in flight).
 */
export function createInFlight({
  store,
  admission,
  record,
}: {
  readonly store: Store;
  readonly admission: Admission;
  readonly record: (event: RequestEvent) => void;
}): EventSink['open'] {
  const live = new Set<InFlightRequest>();
  store.beforeCollect(() => expose(store, live));
  return (start) => {
    const provider = admission.provider(start.provider);
    const request: InFlightRequest = {
      model: undefined,
      labels: () => ({ provider, model: admission.model(provider, request.model, false) }),
      attempt: record,
      end(event) {
        if (live.delete(request)) record(event);
      },
    };
    live.add(request);
    return request;
  };
}

function expose(store: Store, live: Iterable<InFlightRequest>): void {
  // Series seen before stay, at 0: a gauge that vanishes reads as its last value for five minutes.
  for (const { labels } of store.samples('llm_requests_in_flight')) store.set('llm_requests_in_flight', labels, 0);
  for (const { provider, model, count } of countByLabels(live)) {
    store.set('llm_requests_in_flight', { provider, model }, count);
  }
}

interface Group {
  readonly provider: string;
  readonly model: string;
  count: number;
}

function countByLabels(live: Iterable<InFlightRequest>): Iterable<Group> {
  const groups = new Map<string, Map<string, Group>>();
  for (const request of live) {
    const { provider, model } = request.labels();
    const ofProvider = groups.get(provider) ?? new Map<string, Group>();
    groups.set(provider, ofProvider);
    const group = ofProvider.get(model) ?? { provider, model, count: 0 };
    ofProvider.set(model, group);
    group.count += 1;
  }
  return [...groups.values()].flatMap((ofProvider) => [...ofProvider.values()]);
}
