import { PUSH_RESULTS, type PushSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';

/** Counts pushes by how they were answered. All results begin at 0 together, so that the first of each kind is an increase. */
export function createPushRecorder(store: Store): PushSink['pushes'] {
  return () => {
    for (const result of PUSH_RESULTS) store.counter('llm_exporter_push_requests_total', { result });
    return (result) => store.add('llm_exporter_push_requests_total', { result });
  };
}
