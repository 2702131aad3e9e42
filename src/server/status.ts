import type { BuildInfo } from '../build-info.ts';
import type { Catalogue, CauseEntry } from '../classify/catalogue.ts';
import type { Cause, Owner } from '../classify/causes.ts';
import type { Clock } from '../clock.ts';
import type { InputDescription } from '../config/inputs.ts';
import type { Advice } from '../config/proxy/advice.ts';
import type { Failure } from '../metrics/record/failures.ts';
import type { Recorder } from '../metrics/record/recorder.ts';
import type { Sample, Store } from '../metrics/store.ts';
import type { StateStatus } from '../state/state.ts';
import { countsBy, readSources, type SourceStatus } from './source-status.ts';

type RequestSample = Sample<'llm_requests_total'>;

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
  /** Requests to POST /v1/logs by how they were answered. */
  readonly pushes: Readonly<Record<string, number>>;
  /** How the durable state is doing; undefined when none is kept. */
  readonly state: StateStatus | undefined;
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
  readonly recorder: Pick<Recorder, 'failures' | 'sources'>;
  /** How the durable state is doing; by default none is kept. */
  readonly state?: (() => StateStatus | undefined) | undefined;
}

/** Prepares to read the status; `uptimeSeconds` counts from here. */
export function createStatus(options: StatusOptions): () => Status {
  const { store, recorder, clock } = options;
  const startMs = clock.elapsedMs();
  return () => {
    store.collect();
    return {
      ...options.build,
      uptimeSeconds: Math.floor((clock.elapsedMs() - startMs) / 1000),
      ready: options.isReady(),
      reloadRefused: store.samples('llm_exporter_config_last_reload_successful').some(({ value }) => value === 0),
      inputs: options.inputs(),
      advice: options.advice?.() ?? [],
      models: readModels(store, options.catalogue),
      sources: readSources(store, recorder.sources(), clock.nowMs()),
      pushes: countsBy(store.samples('llm_exporter_push_requests_total'), ({ result }) => result),
      state: options.state?.(),
      overflow: countsBy(store.samples('llm_exporter_label_overflow_total'), ({ label }) => label),
      failures: recorder.failures(),
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

function sum(samples: readonly { readonly value: number }[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}
