import type { Clock } from '../../clock.ts';
import type { EventSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';
import type { Admission } from './model-admission.ts';

/** Counts who waits for their turn, how long, and who is sent away. Priorities are configured names, so they are bounded. */
export function createQueueRecorder({
  store,
  clock,
  admission,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly admission: Admission;
}): EventSink['queue'] {
  const waiting = new Map<
    string,
    { readonly labels: { readonly provider: string; readonly priority: string }; depth: number }
  >();
  store.beforeCollect(() => {
    for (const { labels, depth } of waiting.values()) store.set('llm_queue_depth', labels, depth);
  });
  return ({ provider: name, priority }) => {
    const labels = { provider: admission.provider(name), priority };
    const key = JSON.stringify(labels);
    const line = waiting.get(key) ?? { labels, depth: 0 };
    if (!waiting.has(key)) store.add('llm_queue_rejected_total', labels, 0);
    waiting.set(key, line);
    line.depth += 1;
    const startMs = clock.elapsedMs();
    let isOver = false;
    const over = (then: () => void) => () => {
      if (isOver) return;
      isOver = true;
      line.depth -= 1;
      then();
    };
    return {
      admitted: over(() => store.observe('llm_queue_wait_seconds', labels, (clock.elapsedMs() - startMs) / 1000)),
      rejected: over(() => store.add('llm_queue_rejected_total', labels)),
      left: over(() => undefined),
    };
  };
}
