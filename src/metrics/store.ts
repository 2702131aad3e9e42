import type { Clock } from '../clock.ts';
import { overflowLabel } from './cell-set.ts';
import {
  type ColumnRows,
  createFamilyCells,
  type FamilyCells,
  increase,
  observe,
  observeRows,
  removeCell,
  youngestBefore,
} from './cells.ts';
import { type Cut, cutFamily } from './cut.ts';
import type { ExemplarSource } from './exemplars.ts';
import type { FamilyName, Labels, NamesOf } from './families.ts';
import { lastBirth, type Restored, restoreFamilies, type SavedFamily } from './restore.ts';
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

/** Counts in one series. `source` may become its exemplar: see there. */
export type Count = (amount?: number, source?: ExemplarSource) => void;
/** Observes in one histogram. */
export type Observe = (value: number, source?: ExemplarSource) => void;
/** The same for values of a column, one after the other. */
export type ObserveRows = (rows: ColumnRows, sourceOf: (row: number) => ExemplarSource) => void;

/**
 * The values of every family of the table. No call throws: counters and histograms ignore an amount that is negative
 * or not finite. A series, once born, stays; only gauges can be removed.
 */
export interface Store {
  /** An amount of 0 makes the series visible. */
  add<N extends Counter>(name: N, labels: Labels<N>, amount?: number, source?: ExemplarSource): void;
  /** `add` with the series found once: for hot paths. */
  counter<N extends Counter>(name: N, labels: Labels<N>): Count;
  set<N extends Gauge>(name: N, labels: Labels<N>, value: number): void;
  remove<N extends Gauge>(name: N, labels: Labels<N>): void;
  observe<N extends Histogram>(name: N, labels: Labels<N>, value: number, source?: ExemplarSource): void;
  /** `observe` with the series found once: for hot paths. */
  histogram<N extends Histogram>(name: N, labels: Labels<N>): Observe;
  /** The same for columns. */
  histogramOfRows<N extends Histogram>(name: N, labels: Labels<N>): ObserveRows;
  /** Values now; counters in order of birth. */
  samples<N extends Counter | Gauge>(name: N): readonly Sample<N>[];
  /** Has `task` set what is derived at the moment of a scrape: requests in flight, ages. */
  beforeCollect(task: () => void): void;
  /** Runs those tasks. */
  collect(): void;
  /** Runs those tasks, then takes all values of this moment, in one step: 100,000 series in about a millisecond. */
  cut(): Cut;
  /**
   * Takes up saved values. Throws when anything was counted before: what was saved would be shown twice, or as born
   * late.
   */
  restore(saved: readonly SavedFamily[]): Restored;
  /** Series that a family may have, where one of its labels comes from outside. */
  readonly seriesLimit: number;
  /**
   * Birth number of the youngest counter or histogram; of those born at `bornBeforeMs` (`Clock.elapsedMs`) or before,
   * where given.
   */
  births(bornBeforeMs?: number): number;
}

/** An empty store. `limits.series` is per family; past it a label of new series becomes "other" (`overflowLabel`). */
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
  const byName = new Map(table.map((series) => [series.name, series]));
  const tasks: (() => void)[] = [];
  const of = (name: FamilyName): FamilyCells => {
    const series = byName.get(name);
    // The compiler knows every name; a caller that it did not check must not fail silently.
    if (series === undefined) throw new Error(`no metric family ${name}`);
    return series;
  };

  const store: Store = {
    add(name, labels, amount = 1, source) {
      const series = of(name);
      increase(series, series.cells.at(labels).index, amount, source);
    },
    counter(name, labels) {
      const series = of(name);
      const cell = series.cells.hold(labels);
      if (cell === undefined) return (amount, source) => store.add(name, labels, amount, source);
      const { index } = cell;
      return (amount = 1, source) => increase(series, index, amount, source);
    },
    set(name, labels, value) {
      const series = of(name);
      const { index } = series.cells.at(labels);
      series.values[index] = value;
    },
    remove: (name, labels) => removeCell(of(name), labels),
    observe(name, labels, value, source) {
      const series = of(name);
      observe(series, series.cells.at(labels).index, value, source);
    },
    histogram(name, labels) {
      const series = of(name);
      const cell = series.cells.hold(labels);
      if (cell === undefined) return (value, source) => store.observe(name, labels, value, source);
      const { index } = cell;
      return (value, source) => observe(series, index, value, source);
    },
    histogramOfRows(name, labels) {
      const series = of(name);
      const cell = series.cells.hold(labels);
      const { index } = cell ?? {};
      if (index !== undefined) return (rows, sourceOf) => observeRows(series, index, rows, sourceOf);
      return (rows, sourceOf) => eachRow(rows, (value, row) => store.observe(name, labels, value, sourceOf(row)));
    },
    samples: (name) => readSamples(of(name)),
    beforeCollect: (task) => tasks.push(task),
    collect() {
      for (const task of tasks) task();
      setSeriesGauges(store, table, seriesLimit);
    },
    cut() {
      store.collect();
      return { families: table.map(cutFamily), births: births.count };
    },
    restore(saved) {
      if (births.count > 0) throw new Error(`restore of saved values into a store of ${births.count} series`);
      const restored = restoreFamilies(table, saved);
      births.count = lastBirth(saved);
      return restored;
    },
    seriesLimit,
    births: (bornBeforeMs) =>
      bornBeforeMs === undefined
        ? births.count
        : Math.max(...table.map((series) => youngestBefore(series, bornBeforeMs))),
  };
  return store;
}

function eachRow({ values, first, next }: ColumnRows, take: (value: number, row: number) => void): void {
  for (let row = first; row >= 0; row = next[row] ?? -1) take(values[row] ?? Number.NaN, row);
}

function readSamples<N extends Counter | Gauge>({ family, cells, values }: FamilyCells): readonly Sample<N>[] {
  return cells.list.map(({ labelValues, index }) => ({
    // Safe: a cell has one value for each label name of its family.
    labels: toLabelSet(family.labels, labelValues) as Labels<N>,
    value: values[index] ?? 0,
  }));
}

/** A histogram label set counts as one, in the gauges as for the limit. */
function setSeriesGauges(store: Store, table: readonly FamilyCells[], seriesLimit: number): void {
  for (const { name, family, cells } of table) {
    const { length } = cells.list;
    if (length > 0) store.set('llm_exporter_series', { family: name }, length);
    if (overflowLabel(family.labels) !== undefined) {
      store.set('llm_exporter_series_limit', { family: name }, seriesLimit);
    }
  }
}
