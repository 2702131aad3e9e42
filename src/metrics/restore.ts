import type { FamilyCells } from './cells.ts';
import { toLabelSet } from './text-format.ts';

/** One series as it was saved. */
export interface SavedSeries {
  /** In the order of the saved family's label names. */
  readonly labels: readonly string[];
  readonly createdMs: number;
  readonly birth: number;
  /** A counter's one value; a histogram's buckets, not cumulated, and its sum. */
  readonly values: ArrayLike<number>;
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
 * Puts saved values into the cells of a store that is still empty. A family fits when it has the same label names, in
 * whatever order, and the same buckets; what does not fit, or is no count at all, is dropped and told.
 */
export function restoreFamilies(table: readonly FamilyCells[], saved: readonly SavedFamily[]): Restored {
  let restored = 0;
  let dropped = 0;
  for (const family of saved) {
    const today = table.find((series) => isSameFamily(series, family));
    // Births ascend in every list of cells, whatever the order on disk.
    for (const series of family.series.toSorted((a, b) => a.birth - b.birth)) {
      if (today !== undefined && isSound(today, family, series) && plant(today, family, series)) restored += 1;
      else dropped += 1;
    }
  }
  return { restored, dropped };
}

/** The youngest birth of what was saved, dropped series too: their numbers must not be given to others. */
export function lastBirth(saved: readonly SavedFamily[]): number {
  let last = 0;
  for (const { series } of saved) {
    for (const { birth } of series) if (Number.isSafeInteger(birth)) last = Math.max(last, birth);
  }
  return last;
}

function isSameFamily({ name, family }: FamilyCells, saved: SavedFamily): boolean {
  const isSame = (a: readonly unknown[], b: readonly unknown[]) => JSON.stringify(a) === JSON.stringify(b);
  return (
    name === saved.name &&
    family.type !== 'gauge' &&
    isSame(family.labels.toSorted(), saved.labels.toSorted()) &&
    isSame(family.buckets ?? [], saved.buckets ?? [])
  );
}

/** A checksum tells what a disk did to the file, and nothing of what a program wrote to it. */
function isSound(
  today: FamilyCells,
  { labels: names }: SavedFamily,
  { labels, values, birth, createdMs }: SavedSeries,
) {
  return (
    labels.length === names.length &&
    labels.every((value) => typeof value === 'string') &&
    Number.isSafeInteger(birth) &&
    birth > 0 &&
    Number.isFinite(createdMs) &&
    values.length === today.stride &&
    Array.prototype.every.call(values, (value) => Number.isFinite(value) && value >= 0)
  );
}

/** False when a series of the same labels was there. */
function plant(today: FamilyCells, { labels: names }: SavedFamily, saved: SavedSeries): boolean {
  const { birth, createdMs, labels, values } = saved;
  const cell = today.cells.restore(toLabelSet(names, labels), { birth, createdMs });
  if (cell === undefined) return false;
  today.values.set(values, cell.index * today.stride);
  return true;
}
