import type { SeriesCell } from '../../metrics/cells.ts';
import type { Cut, FamilyCut } from '../../metrics/cut.ts';
import type { Family, FamilyName } from '../../metrics/families.ts';
import { formatBound } from '../../metrics/text-format.ts';

/** What a live scrape would have shown at one step after the other. Rows that are alike are one object. */
export interface Chunk {
  /** Time of the first row; the others follow at the interval. */
  readonly startMs: number;
  readonly rows: readonly Cut[];
  /** The row after the last one, of the next chunk; undefined at an end of what the logs cover. */
  readonly next: Cut | undefined;
}

/** Takes the history as it is made, in order of time. */
export interface ChunkSink {
  chunk(chunk: Chunk): Promise<void>;
}

/** One sample name with its labels: `llm_requests_total{…}`, `…_bucket{…,le="1.0"}`. */
export interface Series {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** What one chunk says of one counter, gauge or whole histogram: the values of its series, from the row `first` on. */
export interface CellPart {
  readonly key: string;
  readonly family: FamilyName;
  readonly first: number;
  /** Of a histogram first its buckets, then its sum and its count; else one. */
  readonly series: readonly Series[];
  /** For each series one value a row. */
  readonly values: readonly Float64Array[];
}

/** Takes apart chunks that follow one another. */
export type SeriesReader = (chunk: Chunk) => Generator<CellPart>;

/** Which families are read; gauges that are named here are constant facts. */
export type FamilyChoice = (name: FamilyName, family: Family) => boolean;

/** What only a live exporter can know; a log of the past moves none of it. */
export const isOfTraffic: FamilyChoice = (name, { type }) => type !== 'gauge' && !name.startsWith('llm_exporter_');

/**
 * Reads the series out of chunks. A series is left out as long as nothing was counted in it; it begins with a 0 one step before its first
 * increment, as the live exporter lets it be born, so that `rate` and `increase` see that increment too. A histogram begins and is there as
 * a whole: a quantile needs its empty buckets.
 */
export function createSeriesReader(isWanted: FamilyChoice): SeriesReader {
  const known = new Map<SeriesCell, readonly Part[]>();
  return function* read(chunk) {
    const last = chunk.next ?? chunk.rows.at(-1);
    for (const [index, cut] of (last?.families ?? []).entries()) {
      if (!isWanted(cut.name, cut.family)) continue;
      for (const [at, cell] of cut.cells.entries()) {
        const column = { index, from: at * cut.stride, to: (at + 1) * cut.stride };
        const parts = known.get(cell) ?? partsOf(cut, cell);
        const first = known.has(cell) ? 0 : firstRow(chunk, cut, column);
        if (first === undefined) continue;
        known.set(cell, parts);
        const values = parts.map(({ read }) => valuesOf(chunk, { first, column, read }));
        const key = `${cut.name}{${cell.labelText}}`;
        yield { key, family: cut.name, first, series: parts.map(({ series }) => series), values };
      }
    }
  };
}

function valuesOf(
  { rows }: Chunk,
  { first, column, read }: { readonly first: number; readonly column: Column; readonly read: Part['read'] },
): Float64Array {
  const values = new Float64Array(rows.length - first);
  let before: Cut | undefined;
  for (let row = first; row < rows.length; row += 1) {
    const cut = rows[row];
    const at = row - first;
    values[at] = cut === before ? (values[at - 1] ?? 0) : read(cut?.families[column.index]?.values, column.from);
    before = cut;
  }
  return values;
}

/** Where the numbers of one cell stand in a row. */
interface Column {
  /** Of the family. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** The row before the first one that counts something; undefined where that is after this chunk. */
function firstRow({ rows, next }: Chunk, { family }: FamilyCut, column: Column): number | undefined {
  if (family.type === 'gauge') return 0;
  const moved = [...rows, next].findIndex((row) => row !== undefined && hasMoved(row, column));
  return moved === -1 ? undefined : Math.max(0, moved - 1);
}

function hasMoved(row: Cut, { index, from, to }: Column): boolean {
  const { values } = row.families[index] ?? {};
  for (let at = from; at < to; at += 1) if ((values?.[at] ?? 0) > 0) return true;
  return false;
}

interface Part {
  readonly series: Series;
  /** Out of the numbers of a family, of which those of the cell begin at `from`. */
  read(values: Float64Array | undefined, from: number): number;
}

function partsOf({ name, family, kind }: FamilyCut, { labelValues }: SeriesCell): readonly Part[] {
  const own = family.labels.map((label, at) => [label, labelValues[at] ?? ''] as const);
  const part = (suffix: string, bound: string | undefined, read: Part['read']): Part => {
    const labels = bound === undefined ? own : [...own, ['le', bound] as const];
    return { series: { name: `${name}${suffix}`, labels }, read };
  };
  if (kind === 'value') return [part('', undefined, (values, from) => values?.[from] ?? 0)];
  const bounds = [...(family.buckets ?? []), Number.POSITIVE_INFINITY];
  return [
    ...bounds.map((bound, at) => part('_bucket', formatBound(bound), (values, from) => sum(values, from, at + 1))),
    part('_sum', undefined, (values, from) => values?.[from + bounds.length] ?? 0),
    part('_count', undefined, (values, from) => sum(values, from, bounds.length)),
  ];
}

/** Buckets are kept as they were counted, and shown cumulated. */
function sum(values: Float64Array | undefined, from: number, count: number): number {
  let total = 0;
  for (let at = from; at < from + count; at += 1) total += values?.[at] ?? 0;
  return total;
}
