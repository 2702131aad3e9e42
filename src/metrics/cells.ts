import type { Clock } from '../clock.ts';
import { type Born, type Cell, type CellSet, createCellSet } from './cell-set.ts';
import { type Family, type FamilyName, families } from './families.ts';
import { formatLabels } from './text-format.ts';

interface BornCell extends Cell, Born {
  /** `Clock.elapsedMs` at birth. */
  readonly bornMs: number;
}

/** One counter or gauge series. */
export interface ValueCell extends BornCell {
  /** Everything of its line before the value: a scrape only adds the number. */
  readonly prefix: string;
  value: number;
}

/** One histogram label set. */
export interface HistogramCell extends BornCell {
  /** Labels as printed between the braces, rendered once. */
  readonly labelText: string;
  /** Observations per bucket, not cumulated; the last is +Inf's. */
  readonly counts: number[];
  sum: number;
}

interface FamilyHead {
  readonly name: FamilyName;
  readonly family: Family;
}

/** A family of counters or gauges with its cells. */
export interface ValueFamily extends FamilyHead {
  readonly kind: 'value';
  readonly cells: CellSet<ValueCell>;
}

/** A family of histograms with its cells. */
export interface HistogramFamily extends FamilyHead {
  readonly kind: 'histogram';
  readonly cells: CellSet<HistogramCell>;
}

export type FamilyCells = ValueFamily | HistogramFamily;

/** Every family of the table, still empty, in its order. `births` tells how many cells were made in all of them. */
export function createFamilyCells(options: {
  readonly clock: Clock;
  readonly seriesLimit: number;
  readonly onOverflow: () => void;
}): { readonly table: readonly FamilyCells[]; readonly births: () => number } {
  let births = 0;
  const bear = (labelValues: readonly string[], born?: Born): BornCell => {
    births = born === undefined ? births + 1 : Math.max(births, born.birth);
    const { birth, createdMs } = born ?? { birth: births, createdMs: options.clock.nowMs() };
    return { labelValues, birth, createdMs, bornMs: options.clock.elapsedMs() };
  };
  const setOf = <C extends Cell>(family: Family, make: (labelValues: readonly string[], born?: Born) => C) =>
    createCellSet({ labelNames: family.labels, limit: options.seriesLimit, make, onOverflow: options.onOverflow });

  const table = familyHeads().map((head): FamilyCells => {
    if (head.family.type !== 'histogram') {
      const cells = setOf(head.family, (labelValues, born) => toValueCell(head, bear(labelValues, born)));
      return { ...head, kind: 'value', cells };
    }
    const cells = setOf(head.family, (labelValues, born) => toHistogramCell(head, bear(labelValues, born)));
    return { ...head, kind: 'histogram', cells };
  });
  return { table, births: () => births };
}

/** Ignores what would make a counter lie: an amount that is negative or no finite number. */
export function increase(cell: ValueCell, amount: number): void {
  if (amount >= 0 && amount < Number.POSITIVE_INFINITY) cell.value += amount;
}

/** Ignores values that are negative or not finite: one of them would spoil the sum for good. */
export function observe(cell: HistogramCell, bounds: readonly number[], value: number): void {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return;
  let index = 0;
  while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
  cell.counts[index] = (cell.counts[index] ?? 0) + 1;
  cell.sum += value;
}

function toValueCell({ name, family }: FamilyHead, cell: BornCell): ValueCell {
  const labelText = formatLabels(family.labels, cell.labelValues);
  return { ...cell, prefix: labelText === '' ? `${name} ` : `${name}{${labelText}} `, value: 0 };
}

function toHistogramCell({ family }: FamilyHead, cell: BornCell): HistogramCell {
  const counts = new Array<number>((family.buckets ?? []).length + 1).fill(0);
  return { ...cell, labelText: formatLabels(family.labels, cell.labelValues), counts, sum: 0 };
}

function familyHeads(): readonly FamilyHead[] {
  // Safe: Object.entries gives exactly the own keys of the table, which the type forgets.
  return (Object.entries(families) as [FamilyName, Family][]).map(([name, family]) => ({ name, family }));
}
