import type { WorkerSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';

/** Counts the processes of a proxy that has several. What ought to be 0 begins at 0, so that the first of it is an increase. */
export function createWorkerRecorder(store: Store): WorkerSink['workers'] {
  return () => {
    const restarted = store.counter('llm_exporter_proxy_worker_restarts_total', {});
    const uncounted = store.counter('llm_exporter_proxy_worker_uncounted_requests_total', {});
    return {
      up: (workers) => store.set('llm_exporter_proxy_workers', {}, workers),
      restarted: () => restarted(),
      uncounted: (requests) => uncounted(requests),
    };
  };
}
