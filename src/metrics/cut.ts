import type { FamilyCells, SeriesCell } from './cells.ts';
import type { Exemplar } from './exemplars.ts';
import type { Family, FamilyName } from './families.ts';

/** One family at the moment of a cut. */
export interface FamilyCut {
  readonly name: FamilyName;
  readonly family: Family;
  /** `value`: counters or gauges. */
  readonly kind: 'value' | 'histogram';
  /**
   * In order of birth, but for gauges. Counters and histograms are never removed, so a later cut begins with the same
   * cells.
   */
  readonly cells: readonly SeriesCell[];
  /** Numbers of each cell: 1; for a histogram its buckets, not cumulated, the last of them +Inf's, and then the sum. */
  readonly stride: number;
  /** For each cell `stride` numbers. */
  readonly values: Float64Array;
  /** By index in `values`; may be shorter. */
  readonly exemplars: readonly (Exemplar | undefined)[];
}

/**
 * All values at one moment. What is counted later does not show in it, so it can be written to disk and rendered for a
 * scraper piece by piece while requests go on, and both are the same numbers.
 */
export interface Cut {
  /** Every family of the table, in its order, those without series too. */
  readonly families: readonly FamilyCut[];
  /** Counters and histograms born so far. */
  readonly births: number;
}

/** Copies; takes no longer than copying does, because cells never change but for their place. */
export function cutFamily({ name, family, cells, stride, values, exemplars }: FamilyCells): FamilyCut {
  return {
    name,
    family,
    kind: family.type === 'histogram' ? 'histogram' : 'value',
    cells: cells.list.slice(),
    stride,
    values: values.slice(0, cells.list.length * stride),
    exemplars: exemplars.cut(),
  };
}
