import type { FamilyCells, HistogramCell, HistogramFamily, ValueCell, ValueFamily } from './cells.ts';
import type { Family, FamilyName } from './families.ts';

interface FamilyCutHead {
  readonly name: FamilyName;
  readonly family: Family;
}

/** The counters or gauges of one family at the moment of a cut. */
export interface ValueCut extends FamilyCutHead {
  readonly kind: 'value';
  /** In order of birth. Counters and histograms are never removed, so a later cut begins with the same cells. */
  readonly cells: readonly ValueCell[];
  /** The value of each cell. */
  readonly values: Float64Array;
}

/** The histograms of one family at the moment of a cut. */
export interface HistogramCut extends FamilyCutHead {
  readonly kind: 'histogram';
  readonly cells: readonly HistogramCell[];
  /** For each cell `stride` numbers: observations per bucket, not cumulated, the last of them +Inf's; then the sum. */
  readonly values: Float64Array;
  readonly stride: number;
}

export type FamilyCut = ValueCut | HistogramCut;

/**
 * All values at one moment. What is counted later does not show in it, so it can be written to disk and rendered for a scraper piece by
 * piece while requests go on, and both are the same numbers.
 */
export interface Cut {
  /** Every family of the table, in its order, those without series too. */
  readonly families: readonly FamilyCut[];
  /** Series born so far. */
  readonly births: number;
}

export function cutFamily(series: FamilyCells): FamilyCut {
  return series.kind === 'value' ? cutValues(series) : cutHistograms(series);
}

function cutValues({ name, family, cells: live }: ValueFamily): ValueCut {
  const cells = [...live];
  const values = new Float64Array(cells.length);
  for (const [index, { value }] of cells.entries()) values[index] = value;
  return { kind: 'value', name, family, cells, values };
}

function cutHistograms({ name, family, cells: live }: HistogramFamily): HistogramCut {
  const cells = [...live];
  const stride = (family.buckets ?? []).length + 2;
  const values = new Float64Array(cells.length * stride);
  for (const [index, { counts, sum }] of cells.entries()) {
    values.set(counts, index * stride);
    values[(index + 1) * stride - 1] = sum;
  }
  return { kind: 'histogram', name, family, cells, values, stride };
}
