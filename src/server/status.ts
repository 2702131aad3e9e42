import type { BuildInfo } from '../build-info.ts';
import type { Catalogue, CauseEntry } from '../classify/catalogue.ts';
import type { Cause, Owner } from '../classify/causes.ts';
import type { Clock } from '../clock.ts';
import type { Advice } from '../config/advice.ts';
import type { InputDescription } from '../config/inputs.ts';
import type { Failure } from '../metrics/record/failures.ts';
import type { Recorder } from '../metrics/record/recorder.ts';
import type { Sample, Store } from '../metrics/store.ts';

type RequestSample = Sample<'llm_requests_total'>;
type SourceFamily =
  | 'llm_exporter_source_up'
  | 'llm_exporter_source_lag_bytes'
  | 'llm_exporter_source_lag_seconds'
  | 'llm_exporter_source_events_total'
  | 'llm_exporter_source_filtered_total';

/** Requests of one model with one code and cause, since the start. */
export interface Failing {
  readonly code: string;
  readonly cause: Cause;
  readonly owner: Owner;
  readonly summary: string;
  readonly advice: CauseEntry['advice'];
  readonly requests: number;
}

export interface ModelStatus {
  readonly provider: string;
  readonly model: string;
  readonly requests: number;
  readonly succeeded: number;
  /** Most frequent first. */
  readonly failing: readonly Failing[];
}

export interface SourceStatus {
  readonly source: string;
  /** Undefined until the source has said so. */
  readonly up: boolean | undefined;
  readonly lagBytes: number | undefined;
  readonly lagSeconds: number | undefined;
  readonly lines: number;
  readonly events: number;
  readonly filtered: number;
  readonly rejected: Readonly<Record<string, number>>;
}

/** Everything the status page shows, and `/api/v1/status` as it is. */
export interface Status {
  readonly version: string;
  readonly revision: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  /** The last reload was refused: the configuration in force is not the one on disk. */
  readonly reloadRefused: boolean;
  readonly inputs: readonly InputDescription[];
  /** Settings that work and are likely to hurt. */
  readonly advice: readonly Advice[];
  readonly models: readonly ModelStatus[];
  readonly sources: readonly SourceStatus[];
  /** Requests counted as "other", by the label that had reached its limit. */
  readonly overflow: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
}

/** What the status is read from. */
export interface StatusOptions {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly build: BuildInfo;
  readonly isReady: () => boolean;
  /** What is proxied and read now; a reload may change it. */
  readonly inputs: () => readonly InputDescription[];
  readonly advice?: (() => readonly Advice[]) | undefined;
  readonly recorder: Pick<Recorder, 'failures'>;
}

/** Prepares to read the status; `uptimeSeconds` counts from here. */
export function createStatus(options: StatusOptions): () => Status {
  const startMs = options.clock.elapsedMs();
  return () => {
    options.store.collect();
    return {
      ...options.build,
      uptimeSeconds: Math.floor((options.clock.elapsedMs() - startMs) / 1000),
      ready: options.isReady(),
      reloadRefused: options.store
        .samples('llm_exporter_config_last_reload_successful')
        .some(({ value }) => value === 0),
      inputs: options.inputs(),
      advice: options.advice?.() ?? [],
      models: readModels(options.store, options.catalogue),
      sources: readSources(options.store),
      overflow: Object.fromEntries(
        options.store.samples('llm_exporter_label_overflow_total').map(({ labels, value }) => [labels.label, value]),
      ),
      failures: options.recorder.failures(),
    };
  };
}

function readModels(store: Store, catalogue: Catalogue): readonly ModelStatus[] {
  const samples = store.samples('llm_requests_total');
  const groups = Map.groupBy(samples, ({ labels }) => JSON.stringify([labels.provider, labels.model]));
  const models = [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [toModelStatus(first.labels, group, catalogue)];
  });
  return models.sort((a, b) => b.requests - b.succeeded - (a.requests - a.succeeded) || b.requests - a.requests);
}

function toModelStatus(
  { provider, model }: { readonly provider: string; readonly model: string },
  samples: readonly RequestSample[],
  { causes }: Catalogue,
): ModelStatus {
  const succeeded = sum(samples.filter(({ labels }) => labels.cause === 'none'));
  const failed = samples.filter(({ labels, value }) => labels.cause !== 'none' && value > 0);
  const pairs = Map.groupBy(failed, ({ labels }) => `${labels.code} ${labels.cause}`);
  const failing = [...pairs.values()].flatMap((pair) => {
    const labels = pair[0]?.labels;
    // The label holds whatever cause was counted; only one that the catalogue describes can be told about.
    const entry = Object.values(causes).find(({ id }) => id === labels?.cause);
    if (labels === undefined || entry === undefined) return [];
    const { id, owner, summary, advice } = entry;
    return [{ code: labels.code, cause: id, owner, summary, advice, requests: sum(pair) }];
  });
  failing.sort((a, b) => b.requests - a.requests);
  return { provider, model, requests: sum(samples), succeeded, failing };
}

function readSources(store: Store): readonly SourceStatus[] {
  const value = (name: SourceFamily, source: string) =>
    store.samples(name).find(({ labels }) => labels.source === source)?.value;
  return store.samples('llm_exporter_source_lines_total').map(({ labels: { source }, value: lines }) => {
    const up = value('llm_exporter_source_up', source);
    const rejected = store
      .samples('llm_exporter_source_rejected_total')
      .filter((sample) => sample.labels.source === source && sample.value > 0);
    return {
      source,
      up: up === undefined ? undefined : up === 1,
      lagBytes: value('llm_exporter_source_lag_bytes', source),
      lagSeconds: value('llm_exporter_source_lag_seconds', source),
      lines,
      events: value('llm_exporter_source_events_total', source) ?? 0,
      filtered: value('llm_exporter_source_filtered_total', source) ?? 0,
      rejected: Object.fromEntries(rejected.map((sample) => [sample.labels.reason, sample.value])),
    };
  });
}

function sum(samples: readonly { readonly value: number }[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}
