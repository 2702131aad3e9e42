import { type FamilyCells, type HistogramCell, increase, type ValueCell } from './cells.ts';
import { toLabelSet } from './text-format.ts';

/** One series as it was saved. */
export interface SavedSeries {
  /** In the order of the saved family's label names. */
  readonly labels: readonly string[];
  readonly createdMs: number;
  readonly birth: number;
  /** A counter's one value; a histogram's buckets, not cumulated, and its sum. */
  readonly values: readonly number[];
}

/** A family of counters or histograms as it was saved, perhaps by another version of the program. */
export interface SavedFamily {
  readonly name: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[] | undefined;
  readonly series: readonly SavedSeries[];
}

/** Series taken up, and those that fit no family of today. */
export interface Restored {
  readonly restored: number;
  readonly dropped: number;
}

/**
 * Puts saved values into the cells of a store that is still empty. A family fits when it has the same label names, in whatever
 * order, and the same buckets; what does not fit is dropped and told.
 */
export function restoreFamilies(table: readonly FamilyCells[], saved: readonly SavedFamily[]): Restored {
  let restored = 0;
  let dropped = 0;
  for (const family of saved) {
    const today = table.find((series) => isSameFamily(series, family));
    for (const series of family.series) {
      if (today !== undefined && restoreSeries(today, family, series)) restored += 1;
      else dropped += 1;
    }
  }
  return { restored, dropped };
}

function isSameFamily({ name, family }: FamilyCells, saved: SavedFamily): boolean {
  const isSame = (a: readonly unknown[], b: readonly unknown[]) => JSON.stringify(a) === JSON.stringify(b);
  return (
    name === saved.name &&
    family.type !== 'gauge' &&
    isSame([...family.labels].sort(), [...saved.labels].sort()) &&
    isSame(family.buckets ?? [], saved.buckets ?? [])
  );
}

function restoreSeries(today: FamilyCells, { labels }: SavedFamily, saved: SavedSeries): boolean {
  const born = { birth: saved.birth, createdMs: saved.createdMs };
  const labelSet = toLabelSet(labels, saved.labels);
  return today.kind === 'value'
    ? fill(today.cells.restore(labelSet, born), saved)
    : fillHistogram(today.cells.restore(labelSet, born), saved);
}

function fill(cell: ValueCell, { values: [value = Number.NaN] }: SavedSeries): boolean {
  increase(cell, value);
  return value >= 0;
}

function fillHistogram(cell: HistogramCell, { values }: SavedSeries): boolean {
  if (values.length !== cell.counts.length + 1) return false;
  for (let index = 0; index < cell.counts.length; index += 1) cell.counts[index] = values[index] ?? 0;
  cell.sum = values.at(-1) ?? 0;
  return true;
}
