import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { Cut, FamilyCut } from './cut.ts';
import type { Store } from './store.ts';
import { formatBound, type LabelSet, toLabelSet } from './text-format.ts';

/** prom-client's view of the exporter. */
export interface MetricsRegistry {
  /** Every metric: process, runtime and all families of the store, for `getMetricsAsJSON()` or a host application. */
  readonly registry: Registry;
  /** What is not in the store: `process_*` and `nodejs_*`. */
  own(): Promise<readonly RegisteredFamily[]>;
}

/** A metric as prom-client gives it, whatever the format it will be told in. */
export interface RegisteredFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly metricName?: string | undefined;
  }[];
}

/** Gauges called as if they were counters; `promtool check metrics` objects, and each has a twin without `_total`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

interface PromSample {
  readonly value: number;
  readonly labels: LabelSet;
  readonly metricName?: string;
}

/**
 * A registry of our own, never prom-client's global one, in which each family of the store is a custom metric. Its text
 * is rendered by us: prom-client 15 holds the event loop for a quarter of a second at 100,000 series
 * (https://github.com/prometheus/client_js/issues/543), writes "Nan", which no format allows, and to have OpenMetrics
 * from it once renames the counters of the registry for good.
 */
export function createMetricsRegistry(store: Store): MetricsRegistry {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  for (const name of MISNAMED) own.removeSingleMetric(name);
  const registry = Registry.merge([own]);
  const cut = sharedInTick(() => store.cut());
  for (const { name, family } of store.cut().families) {
    const head = { name, help: family.help, type: family.type, aggregator: 'sum' };
    const get = async () => ({ ...head, values: readFamily(cut(), name) });
    // Safe: a registry only calls `get` and `reset` of a metric and reads its name, help, type and aggregator.
    registry.registerMetric({ ...head, get, reset() {} } as unknown as Metric);
  }
  return { registry, own: () => readRegistry(own) };
}

async function readRegistry(registry: Registry): Promise<readonly RegisteredFamily[]> {
  // Safe: the shape of every metric class of prom-client 15. Its types call `type` a number, and leave the values out.
  return (await registry.getMetricsAsJSON()) as unknown as readonly RegisteredFamily[];
}

/** A registry asks all its metrics in one tick; they answer from one cut. */
function sharedInTick<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    if (made === undefined) {
      made = { value: make() };
      queueMicrotask(() => {
        made = undefined;
      });
    }
    return made.value;
  };
}

function readFamily({ families }: Cut, name: string): readonly PromSample[] {
  const cut = families.find((family) => family.name === name);
  if (cut === undefined) return [];
  if (cut.kind === 'histogram') return cut.cells.flatMap((_cell, index) => readHistogram(cut, index));
  const { cells, values, family } = cut;
  return cells.map(({ labelValues }, index) => ({
    value: values[index] ?? 0,
    labels: toLabelSet(family.labels, labelValues),
  }));
}

function readHistogram({ name, family, cells, values, stride }: FamilyCut, index: number): readonly PromSample[] {
  const labels = toLabelSet(family.labels, cells[index]?.labelValues ?? []);
  const numbers = values.subarray(index * stride, (index + 1) * stride);
  let count = 0;
  const buckets = [...(family.buckets ?? []), Number.POSITIVE_INFINITY].map((bound, bucket) => {
    count += numbers[bucket] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: formatBound(bound), ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: numbers[stride - 1] ?? 0 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
