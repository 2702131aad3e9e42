import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { FamilyCells, HistogramCell, HistogramFamily } from './cells.ts';
import type { Store } from './store.ts';
import { formatValue, type LabelSet, toLabelSet } from './text-format.ts';

/** prom-client's view of the exporter. */
export interface MetricsRegistry {
  /** Every metric: process, runtime and all families of the store, for `getMetricsAsJSON()` or a host application. */
  readonly registry: Registry;
  /** Text of what is not in the store: `process_*`, `nodejs_*` and what others register in `own`. */
  ownText(): Promise<string>;
}

/** Gauges called as if they were counters; `promtool check metrics` objects, and each has a twin without `_total`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

interface PromSample {
  readonly value: number;
  readonly labels: LabelSet;
  readonly metricName?: string;
}

/**
 * A registry of our own, never prom-client's global one, in which each family of the store is a custom metric. The
 * store renders its families itself: prom-client 15 holds the event loop for a quarter of a second at 100,000 series
 * (https://github.com/prometheus/client_js/issues/543).
 */
export function createMetricsRegistry(store: Store): MetricsRegistry {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  for (const name of MISNAMED) own.removeSingleMetric(name);
  const registry = Registry.merge([own]);
  for (const { name, family } of store.collect()) {
    const head = { name, help: family.help, type: family.type, aggregator: 'sum' };
    const get = async () => ({
      ...head,
      values: store
        .collect()
        .filter((own) => own.name === name)
        .flatMap(readFamily),
    });
    // Safe: a registry only calls `get` and `reset` of a metric and reads its name, help, type and aggregator.
    registry.registerMetric({ ...head, get, reset() {} } as unknown as Metric);
  }
  // prom-client writes "Nan", as its event loop lag is when two scrapes are close: no format allows that spelling.
  return { registry, ownText: async () => (await own.metrics()).replace(/ Nan$/gm, ' NaN') };
}

function readFamily(series: FamilyCells): readonly PromSample[] {
  if (series.kind === 'histogram') return Array.from(series.cells, (cell) => readHistogram(series, cell)).flat();
  const { labels: names } = series.family;
  return Array.from(series.cells, ({ labelValues, value }) => ({ value, labels: toLabelSet(names, labelValues) }));
}

function readHistogram({ name, family }: HistogramFamily, cell: HistogramCell): readonly PromSample[] {
  const labels = toLabelSet(family.labels, cell.labelValues);
  const bounds = [...(family.buckets ?? []), Number.POSITIVE_INFINITY].map(formatValue);
  let cumulated = 0;
  const buckets = bounds.map((le, index) => {
    cumulated += cell.counts[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: cumulated };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: cell.sum },
    { metricName: `${name}_count`, labels, value: cumulated },
  ];
}
