import { type ProxySink, TAPS, type WorkerSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';

/** Counts what goes wrong in a proxy itself. What ought to be 0 begins at 0, so that the first of it is an increase. */
export function createProxyRecorder(store: Store): Pick<ProxySink, 'taps'> & WorkerSink {
  return {
    taps() {
      for (const part of TAPS) store.counter('llm_exporter_proxy_tap_failures_total', { part });
      return (part) => store.add('llm_exporter_proxy_tap_failures_total', { part });
    },
    workers() {
      const restarted = store.counter('llm_exporter_proxy_worker_restarts_total', {});
      const uncounted = store.counter('llm_exporter_proxy_worker_uncounted_requests_total', {});
      return {
        up: (workers) => store.set('llm_exporter_proxy_workers', {}, workers),
        restarted: () => restarted(),
        uncounted: (requests) => uncounted(requests),
      };
    },
  };
}
