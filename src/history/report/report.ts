import type { Catalogue, CauseEntry } from '../../classify/catalogue.ts';
import type { Cut, FamilyCut } from '../../metrics/cut.ts';
import type { FamilyName } from '../../metrics/families.ts';
import { toLabelSet } from '../../metrics/text-format.ts';
import type { TrafficPoint } from '../backtest/result.ts';
import type { Period } from '../engine/period.ts';
import { openPast, type PastOptions, requireEvents } from '../past.ts';
import type { Total } from '../read/tally.ts';
import type { Chunk } from '../replay/chunk.ts';
import { replay } from '../replay/replay.ts';
import { bucketQuantile } from './quantile.ts';

/** Requests of one model that ended alike. */
export interface ReportRow {
  readonly provider: string;
  readonly model: string;
  readonly code: string;
  readonly cause: string;
  readonly requests: number;
}

export interface ModelReport {
  readonly provider: string;
  readonly model: string;
  readonly requests: number;
  readonly failed: number;
  /** Seconds of good answers, out of the buckets; undefined where the logs tell no durations. */
  readonly quantiles: Readonly<Record<'p50' | 'p95' | 'p99', number | undefined>>;
}

export interface CauseReport extends Pick<CauseEntry, 'summary' | 'owner' | 'retryable' | 'advice'> {
  readonly cause: string;
  readonly requests: number;
}

/** What logs of the past tell at one look. */
export interface Report {
  readonly total: Total;
  readonly periods: readonly Period[];
  /** Most requests first. */
  readonly rows: readonly ReportRow[];
  readonly models: readonly ModelReport[];
  /** Of the failures, most frequent first. */
  readonly causes: readonly CauseReport[];
  readonly traffic: readonly TrafficPoint[];
}

const INTERVAL_MS = 30_000;

/** Counts logs of the past as the exporter would have. Throws a ProblemError. */
export async function report(options: PastOptions): Promise<Report> {
  const past = await openPast(options);
  const { catalogue, settings, config } = past;
  const timeline = createTimeline();
  let last: Cut | undefined;
  const sink = {
    async chunk(chunk: Chunk) {
      timeline.add(chunk);
      last = chunk.rows.at(-1);
    },
  };
  const seriesLimit = config.limits.series;
  const { startMs = 0, endMs = 0 } = await replay(past.events(), {
    catalogue,
    settings,
    seriesLimit,
    intervalMs: INTERVAL_MS,
    sink,
  });
  requireEvents(past.total());
  const rows = rowsOf(last);
  return {
    total: past.total(),
    periods: [{ startMs, endMs }],
    rows,
    models: modelsOf(rows, last),
    causes: causesOf(rows, catalogue),
    traffic: timeline.points(),
  };
}

function familyOf(cut: Cut | undefined, name: FamilyName): FamilyCut | undefined {
  return cut?.families.find((family) => family.name === name);
}

function rowsOf(cut: Cut | undefined): readonly ReportRow[] {
  const family = familyOf(cut, 'llm_requests_total');
  const rows = new Map<string, ReportRow>();
  for (const [at, { labelValues }] of (family?.cells ?? []).entries()) {
    const requests = family?.values[at] ?? 0;
    // `stream` is summed over.
    const { provider = '', model = '', code = '', cause = '' } = toLabelSet(family?.family.labels ?? [], labelValues);
    const key = JSON.stringify([provider, model, code, cause]);
    const before = rows.get(key)?.requests ?? 0;
    if (requests > 0) rows.set(key, { provider, model, code, cause, requests: before + requests });
  }
  return [...rows.values()].sort((a, b) => b.requests - a.requests);
}

function modelsOf(rows: readonly ReportRow[], cut: Cut | undefined): readonly ModelReport[] {
  const groups = Map.groupBy(rows, ({ provider, model }) => JSON.stringify([provider, model]));
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const { provider, model } = first;
    const sum = (of: readonly ReportRow[]) => of.reduce((total, { requests }) => total + requests, 0);
    const failed = sum(own.filter(({ cause }) => cause !== 'none'));
    return [{ provider, model, requests: sum(own), failed, quantiles: quantilesOf(cut, { provider, model }) }];
  });
}

function quantilesOf(
  cut: Cut | undefined,
  wanted: { readonly provider: string; readonly model: string },
): ModelReport['quantiles'] {
  const family = familyOf(cut, 'llm_request_duration_seconds');
  const bounds = family?.family.buckets ?? [];
  const counts = new Float64Array(bounds.length + 1);
  for (const [index, { labelValues }] of (family?.cells ?? []).entries()) {
    const { provider, model, outcome } = toLabelSet(family?.family.labels ?? [], labelValues);
    if (provider !== wanted.provider || model !== wanted.model || outcome !== 'success') continue;
    const from = index * (family?.stride ?? 0);
    for (let at = 0; at < counts.length; at += 1) counts[at] = (counts[at] ?? 0) + (family?.values[from + at] ?? 0);
  }
  const quantile = (q: number) => bucketQuantile(q, bounds, counts);
  return { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

function causesOf(rows: readonly ReportRow[], { causes }: Catalogue): readonly CauseReport[] {
  const failures = rows.filter(({ cause }) => cause !== 'none');
  const byCause = Map.groupBy(failures, ({ cause }) => cause);
  return Object.values(causes)
    .flatMap(({ id, summary, owner, retryable, advice }) => {
      const requests = (byCause.get(id) ?? []).reduce((sum, row) => sum + row.requests, 0);
      return requests === 0 ? [] : [{ cause: id, requests, summary, owner, retryable, advice }];
    })
    .sort((a, b) => b.requests - a.requests);
}

/** Points that are kept while reading; a picture or a line of text needs fewer. */
const MAX_POINTS = 1024;

/** Traffic over time, in points that grow wider as the past grows longer. */
function createTimeline() {
  let stepMs = INTERVAL_MS;
  let points = new Map<number, { requests: number; failed: number }>();
  let before = { requests: 0, failed: 0 };

  function put(timeMs: number, requests: number, failed: number): void {
    const at = Math.floor(timeMs / stepMs) * stepMs;
    const point = points.get(at) ?? { requests: 0, failed: 0 };
    points.set(at, { requests: point.requests + requests, failed: point.failed + failed });
    if (points.size > MAX_POINTS) widen();
  }

  function widen(): void {
    stepMs *= 2;
    const old = points;
    points = new Map();
    for (const [timeMs, { requests, failed }] of old) put(timeMs, requests, failed);
  }

  return {
    add({ startMs, rows }: Chunk): void {
      let seen: Cut | undefined;
      for (const [row, cut] of rows.entries()) {
        const now = cut === seen ? before : countsOf(cut);
        seen = cut;
        // The row says what was counted up to its moment.
        put(startMs + (row - 1) * INTERVAL_MS, now.requests - before.requests, now.failed - before.failed);
        before = now;
      }
    },
    points: (): readonly TrafficPoint[] =>
      [...points].map(([timeMs, counts]) => ({ timeMs, ...counts })).sort((a, b) => a.timeMs - b.timeMs),
  };
}

function countsOf(cut: Cut): { readonly requests: number; readonly failed: number } {
  const family = familyOf(cut, 'llm_requests_total');
  const causeAt = family?.family.labels.indexOf('cause') ?? 0;
  let requests = 0;
  let failed = 0;
  for (const [at, { labelValues }] of (family?.cells ?? []).entries()) {
    const value = family?.values[at] ?? 0;
    requests += value;
    if (labelValues[causeAt] !== 'none') failed += value;
  }
  return { requests, failed };
}
