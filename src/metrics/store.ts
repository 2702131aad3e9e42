import type { Clock } from '../clock.ts';
import { isLimited } from './cell-set.ts';
import { createFamilyCells, type FamilyCells, increase, observe, type ValueFamily } from './cells.ts';
import { type Cut, cutFamily } from './cut.ts';
import type { FamilyName, Labels, NamesOf } from './families.ts';
import { type Restored, restoreFamilies, type SavedFamily } from './restore.ts';
import { toLabelSet } from './text-format.ts';

/** Series a family may have by default: far above what one gateway's traffic makes, and still a light scrape. */
const DEFAULT_SERIES_LIMIT = 20_000;

type Counter = NamesOf<'counter'>;
type Gauge = NamesOf<'gauge'>;
type Histogram = NamesOf<'histogram'>;

/** One series as read back. */
export interface Sample<N extends FamilyName> {
  readonly labels: Labels<N>;
  readonly value: number;
}

/**
 * The values of every family of the table. No call throws: counters and histograms ignore an amount that is negative
 * or not finite. A series, once born, stays; only gauges can be removed.
 */
export interface Store {
  /** An amount of 0 makes the series visible. */
  add<N extends Counter>(name: N, labels: Labels<N>, amount?: number): void;
  /** `add` with the series found once: for hot paths. */
  counter<N extends Counter>(name: N, labels: Labels<N>): (amount?: number) => void;
  set<N extends Gauge>(name: N, labels: Labels<N>, value: number): void;
  remove<N extends Gauge>(name: N, labels: Labels<N>): void;
  observe<N extends Histogram>(name: N, labels: Labels<N>, value: number): void;
  /** `observe` with the series found once: for hot paths. */
  histogram<N extends Histogram>(name: N, labels: Labels<N>): (value: number) => void;
  /** Values now, in order of birth. */
  samples<N extends Counter | Gauge>(name: N): readonly Sample<N>[];
  /** Has `task` set what is derived at the moment of a scrape: requests in flight, ages. */
  beforeCollect(task: () => void): void;
  /** Runs those tasks, then gives every family in the order of the table. */
  collect(): readonly FamilyCells[];
  /** Runs those tasks, then takes all values of this moment. */
  cut(): Cut;
  /** Takes up saved values; only before anything was counted. */
  restore(saved: readonly SavedFamily[]): Restored;
  /** Series that a family may have, where clients write one of its labels. */
  readonly seriesLimit: number;
  /** Series born so far, which is the birth number of the youngest. */
  births(): number;
}

/** An empty store. `limits.series` is per family; past it the model label of new series becomes "other". */
export function createStore({
  clock,
  limits = {},
}: {
  readonly clock: Clock;
  readonly limits?: { readonly series?: number | undefined };
}): Store {
  const seriesLimit = limits.series ?? DEFAULT_SERIES_LIMIT;
  const onOverflow = () => store.add('llm_exporter_label_overflow_total', { label: 'series' });
  const { table, births } = createFamilyCells({ clock, seriesLimit, onOverflow });
  const values = new Map(table.filter((series) => series.kind === 'value').map((series) => [series.name, series]));
  const histograms = new Map(
    table.filter((series) => series.kind === 'histogram').map((series) => [series.name, series]),
  );
  const tasks: (() => void)[] = [];

  const store: Store = {
    add(name, labels, amount = 1) {
      const cell = values.get(name)?.cells.at(labels);
      if (cell !== undefined) increase(cell, amount);
    },
    counter(name, labels) {
      const cell = values.get(name)?.cells.hold(labels);
      if (cell === undefined) return (amount) => store.add(name, labels, amount);
      return (amount = 1) => increase(cell, amount);
    },
    set(name, labels, value) {
      const cell = values.get(name)?.cells.at(labels);
      if (cell !== undefined) cell.value = value;
    },
    remove: (name, labels) => values.get(name)?.cells.remove(labels),
    observe(name, labels, value) {
      const series = histograms.get(name);
      if (series !== undefined) observe(series.cells.at(labels), series.family.buckets ?? [], value);
    },
    histogram(name, labels) {
      const series = histograms.get(name);
      const cell = series?.cells.hold(labels);
      if (cell === undefined) return (value) => store.observe(name, labels, value);
      const bounds = series?.family.buckets ?? [];
      return (value) => observe(cell, bounds, value);
    },
    samples: (name) => readSamples(values.get(name)),
    beforeCollect: (task) => tasks.push(task),
    collect() {
      for (const task of tasks) task();
      setSeriesGauges(store, table, seriesLimit);
      return table;
    },
    cut: () => ({ families: store.collect().map(cutFamily), births: births() }),
    restore: (saved) => restoreFamilies(table, saved),
    seriesLimit,
    births,
  };
  return store;
}

function readSamples<N extends Counter | Gauge>(series: ValueFamily | undefined): readonly Sample<N>[] {
  if (series === undefined) return [];
  return Array.from(series.cells, ({ labelValues, value }) => ({
    // Safe: a cell has one value for each label name of its family.
    labels: toLabelSet(series.family.labels, labelValues) as Labels<N>,
    value,
  }));
}

/** A histogram label set counts as one, in the gauges as for the limit. */
function setSeriesGauges(store: Store, table: readonly FamilyCells[], seriesLimit: number): void {
  for (const { name, family, cells } of table) {
    if (cells.size > 0) store.set('llm_exporter_series', { family: name }, cells.size);
    if (isLimited(family.labels)) store.set('llm_exporter_series_limit', { family: name }, seriesLimit);
  }
}
