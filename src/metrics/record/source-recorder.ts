import type { Clock } from '../../clock.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import { REJECT_REASONS, ROTATION_KINDS, type SourceSink } from '../../event/sink.ts';
import type { Store } from '../store.ts';

/**
 * How far ahead of ours the clock of a log's writer may be. A line from further in the future has a wrong time (no zone, a test's date):
 * believed once, it would be the newest event until that day comes, and hide for as long that a source has fallen silent.
 */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

/** What a source last said of itself; undefined until it did. */
interface SourceState {
  status: { readonly up: boolean; readonly lagBytes: number } | undefined;
  lastEventMs: number | undefined;
}

/** Counts what sources of lines report about themselves, and hands their events to `record`. */
export function createSourceRecorder({
  store,
  clock,
  record,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly record: (event: RequestEvent) => void;
}): (name: string) => SourceSink {
  const sources = new Map<string, SourceState>();
  store.beforeCollect(() => {
    for (const [source, state] of sources) setGauges(store, source, state, clock.nowMs());
  });
  return (source) => {
    // A source that is replaced in a reload may close after its successor has opened: the gauges are the successor's.
    const state: SourceState = { status: undefined, lastEventMs: undefined };
    sources.set(source, state);
    const counters = createCounters(store, source);
    return {
      read(bytes, lines) {
        counters.bytes(bytes);
        counters.lines(lines);
      },
      event(event) {
        counters.events();
        const isNewest = event.timeMs > (state.lastEventMs ?? 0);
        if (isNewest && event.timeMs <= clock.nowMs() + MAX_CLOCK_SKEW_MS) state.lastEventMs = event.timeMs;
        record(event);
      },
      filtered: () => counters.filtered(),
      reject: (reason) => counters.rejected[reason](),
      rotated: (kind) => counters.rotated[kind](),
      status(status) {
        state.status = status;
      },
      close() {
        if (sources.get(source) !== state) return;
        sources.delete(source);
        clearGauges(store, source);
      },
    };
  };
}

/** Finding each series once also begins it at 0, so that its first increment is an increase. */
function createCounters(store: Store, source: string) {
  return {
    bytes: store.counter('llm_exporter_source_bytes_total', { source }),
    lines: store.counter('llm_exporter_source_lines_total', { source }),
    events: store.counter('llm_exporter_source_events_total', { source }),
    filtered: store.counter('llm_exporter_source_filtered_total', { source }),
    rejected: byKey(REJECT_REASONS, (reason) =>
      store.counter('llm_exporter_source_rejected_total', { source, reason }),
    ),
    rotated: byKey(ROTATION_KINDS, (kind) => store.counter('llm_exporter_source_rotations_total', { source, kind })),
  };
}

function setGauges(store: Store, source: string, { status, lastEventMs }: SourceState, nowMs: number): void {
  if (lastEventMs !== undefined) {
    store.set('llm_exporter_source_last_event_timestamp_seconds', { source }, lastEventMs / 1000);
  }
  if (status === undefined) return;
  store.set('llm_exporter_source_up', { source }, status.up ? 1 : 0);
  store.set('llm_exporter_source_lag_bytes', { source }, status.lagBytes);
  if (status.lagBytes === 0) store.set('llm_exporter_source_lag_seconds', { source }, 0);
  else if (lastEventMs === undefined) store.remove('llm_exporter_source_lag_seconds', { source });
  else store.set('llm_exporter_source_lag_seconds', { source }, Math.max(0, nowMs - lastEventMs) / 1000);
}

function clearGauges(store: Store, source: string): void {
  store.remove('llm_exporter_source_up', { source });
  store.remove('llm_exporter_source_lag_bytes', { source });
  store.remove('llm_exporter_source_lag_seconds', { source });
  store.remove('llm_exporter_source_last_event_timestamp_seconds', { source });
}

function byKey<K extends string, V>(keys: readonly K[], make: (key: K) => V): Readonly<Record<K, V>> {
  // Safe: exactly one entry for each key.
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}
