import { REJECT_REASONS, type RejectReason, ROTATION_KINDS, type SourceStatus } from '../../../event/sink.ts';
import type { Store } from '../../store.ts';
import type { EventTimes } from './event-times.ts';

/** The counters of one source. Finding each series once also begins it at 0, so that its first increment is an increase. */
export function sourceCounters(store: Store, source: string) {
  return {
    bytes: store.counter('llm_exporter_source_bytes_total', { source }),
    lines: store.counter('llm_exporter_source_lines_total', { source }),
    events: store.counter('llm_exporter_source_events_total', { source }),
    filtered: store.counter('llm_exporter_source_filtered_total', { source }),
    rejected: byKey(REJECT_REASONS, (reason: RejectReason) =>
      store.counter('llm_exporter_source_rejected_total', { source, reason }),
    ),
    rotated: byKey(ROTATION_KINDS, (kind) => store.counter('llm_exporter_source_rotations_total', { source, kind })),
  };
}

interface GaugeValues extends Pick<EventTimes, 'newestMs' | 'positionMs'> {
  /** What the source last said of itself; undefined until it did. */
  readonly status: SourceStatus | undefined;
  readonly nowMs: number;
}

/** Sets what is derived from what a source last said and from the times of its events. */
export function setSourceGauges(
  store: Store,
  source: string,
  { status, newestMs, positionMs, nowMs }: GaugeValues,
): void {
  if (newestMs !== undefined) {
    store.set('llm_exporter_source_last_event_timestamp_seconds', { source }, newestMs / 1000);
  }
  if (status === undefined) return;
  store.set('llm_exporter_source_up', { source }, status.up ? 1 : 0);
  store.set('llm_exporter_source_lag_bytes', { source }, status.lagBytes);
  if (status.files !== undefined) store.set('llm_exporter_source_files', { source }, status.files);
  if (status.lagBytes === 0) store.set('llm_exporter_source_lag_seconds', { source }, 0);
  else if (positionMs === undefined) store.remove('llm_exporter_source_lag_seconds', { source });
  else store.set('llm_exporter_source_lag_seconds', { source }, Math.max(0, nowMs - positionMs) / 1000);
}

const GAUGES = [
  'llm_exporter_source_up',
  'llm_exporter_source_files',
  'llm_exporter_source_lag_bytes',
  'llm_exporter_source_lag_seconds',
  'llm_exporter_source_last_event_timestamp_seconds',
] as const;

/** The source is not read any more. */
export function clearSourceGauges(store: Store, source: string): void {
  for (const name of GAUGES) store.remove(name, { source });
}

function byKey<K extends string, V>(keys: readonly K[], make: (key: K) => V): Readonly<Record<K, V>> {
  // Safe: exactly one entry for each key.
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}
