import type { NamesOf } from '../metrics/families.ts';
import type { RejectedShape } from '../metrics/record/source/rejected-shapes.ts';
import type { SourceFit } from '../metrics/record/source/source-fit.ts';
import type { SourceReport } from '../metrics/record/source/source-recorder.ts';
import type { Store } from '../metrics/store.ts';

/** What is told of one source of lines. */
export interface SourceStatus {
  readonly source: string;
  /** Undefined until the source has said so, and when it is no longer read. */
  readonly up: boolean | undefined;
  /** Open now; undefined for what is no file. */
  readonly files: number | undefined;
  readonly lagBytes: number | undefined;
  readonly lagSeconds: number | undefined;
  /** Since the newest event, by the time that its line gives. */
  readonly lastEventAgeSeconds: number | undefined;
  /** Since counting began: events + filtered + rejected. */
  readonly lines: number;
  readonly events: number;
  readonly filtered: number;
  /** By reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** By kind. */
  readonly rotations: Readonly<Record<string, number>>;
  /** Whether the latest lines fit what is configured; undefined when the source is no longer read. */
  readonly fit: SourceFit | undefined;
  /** What rejected lines looked like, without a word of what they said; the latest first. */
  readonly rejectedShapes: readonly RejectedShape[];
}

type SourceFamily = Extract<NamesOf<'counter' | 'gauge'>, `llm_exporter_source_${string}`>;

/** Every source that was ever counted, in the order of its first line. */
export function readSources(store: Store, reports: readonly SourceReport[], nowMs: number): readonly SourceStatus[] {
  // Each family is read once and not once for each source.
  const valuesOf = (name: SourceFamily) => {
    const values = new Map(store.samples(name).map(({ labels, value }) => [labels.source, value]));
    return (source: string) => values.get(source);
  };
  const up = valuesOf('llm_exporter_source_up');
  const files = valuesOf('llm_exporter_source_files');
  const lagBytes = valuesOf('llm_exporter_source_lag_bytes');
  const lagSeconds = valuesOf('llm_exporter_source_lag_seconds');
  const newestSeconds = valuesOf('llm_exporter_source_last_event_timestamp_seconds');
  const events = valuesOf('llm_exporter_source_events_total');
  const filtered = valuesOf('llm_exporter_source_filtered_total');
  const rejected = Map.groupBy(store.samples('llm_exporter_source_rejected_total'), ({ labels }) => labels.source);
  const rotations = Map.groupBy(store.samples('llm_exporter_source_rotations_total'), ({ labels }) => labels.source);
  const reportOf = new Map(reports.map((report) => [report.source, report]));
  return store.samples('llm_exporter_source_lines_total').map(({ labels: { source }, value: lines }) => {
    const isUp = up(source);
    const newest = newestSeconds(source);
    return {
      source,
      up: isUp === undefined ? undefined : isUp === 1,
      files: files(source),
      lagBytes: lagBytes(source),
      lagSeconds: lagSeconds(source),
      lastEventAgeSeconds: newest === undefined ? undefined : Math.max(0, nowMs / 1000 - newest),
      lines,
      events: events(source) ?? 0,
      filtered: filtered(source) ?? 0,
      rejected: countsBy(rejected.get(source) ?? [], ({ reason }) => reason),
      rotations: countsBy(rotations.get(source) ?? [], ({ kind }) => kind),
      fit: reportOf.get(source)?.fit,
      rejectedShapes: reportOf.get(source)?.shapes ?? [],
    };
  });
}

/** Those that are not 0. */
export function countsBy<L>(
  samples: readonly { readonly labels: L; readonly value: number }[],
  keyOf: (labels: L) => string,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    samples.filter(({ value }) => value > 0).map(({ labels, value }) => [keyOf(labels), value]),
  );
}
