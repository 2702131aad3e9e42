import type { Clock } from '../../clock.ts';
import type { EventSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';
import type { ProvidersByLabel } from './info.ts';
import type { Admission } from './model-admission.ts';

/** Those who wait under one pair of labels, and what is counted there. */
interface Row {
  readonly labels: { readonly provider: string; readonly priority: string };
  depth: number;
  readonly waited: (seconds: number) => void;
  readonly rejected: () => void;
}

export interface QueueRecorder {
  readonly queue: EventSink['queue'];
  /** Begins the series of configured priorities at 0, so that even the first one that is shed is an increase. */
  begin(providers: ProvidersByLabel): void;
}

/**
 * Counts who waits for their turn, how long, and who is sent away. A request that has its turn at once has waited 0 seconds, so that the
 * histogram is of all requests and a quantile of it means something. Priorities are configured names, so they are bounded.
 */
export function createQueueRecorder({
  store,
  clock,
  admission,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly admission: Admission;
}): QueueRecorder {
  const rows = new Map<string, Map<string, Row>>();

  function rowOf(provider: string, priority: string): Row {
    const ofProvider = rows.get(provider) ?? new Map<string, Row>();
    rows.set(provider, ofProvider);
    const row = ofProvider.get(priority) ?? newRow({ provider, priority });
    ofProvider.set(priority, row);
    return row;
  }

  function newRow(labels: Row['labels']): Row {
    const rejected = store.counter('llm_queue_rejected_total', labels);
    rejected(0);
    return { labels, depth: 0, rejected, waited: store.histogram('llm_queue_wait_seconds', labels) };
  }

  store.beforeCollect(() => {
    for (const ofProvider of rows.values()) {
      for (const { labels, depth } of ofProvider.values()) store.set('llm_queue_depth', labels, depth);
    }
  });

  return {
    begin(providers) {
      for (const [provider, { priorities = [] }] of providers) {
        for (const priority of priorities) rowOf(provider, priority);
      }
    },
    queue({ provider, priority }) {
      const row = rowOf(admission.provider(provider), priority);
      const startMs = clock.elapsedMs();
      let isOver = false;
      const over = (then: () => void) => () => {
        if (isOver) return;
        isOver = true;
        row.depth -= 1;
        then();
      };
      row.depth += 1;
      return {
        admitted: over(() => row.waited((clock.elapsedMs() - startMs) / 1000)),
        rejected: over(() => row.rejected()),
        left: over(() => undefined),
      };
    },
  };
}
