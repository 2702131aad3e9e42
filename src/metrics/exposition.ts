import type { FamilyCells, HistogramCell, HistogramFamily, ValueFamily } from './cells.ts';
import type { View } from './scrapers.ts';
import { formatHeader, formatValue } from './text-format.ts';

/** Characters of one piece of the text: small enough to render in well under a millisecond or two. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * The families as Prometheus text format 0.0.4, in pieces, so that whoever sends it can let the event loop breathe
 * between them. A family without series is left out. Updates between two pieces may show in later ones, never half:
 * all lines of one label set stand in one piece.
 */
export function* renderText(table: readonly FamilyCells[], view: View): Generator<string, void, undefined> {
  let chunk = '';
  for (const series of table) {
    if (series.cells.size === 0) continue;
    chunk += formatHeader({ name: series.name, help: series.family.help, type: series.family.type });
    for (const lines of series.kind === 'value' ? valueLines(series, view) : histogramLines(series, view)) {
      chunk += lines;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

function* valueLines({ cells, family }: ValueFamily, view: View): Generator<string, void, undefined> {
  const mayHide = family.type === 'counter';
  for (const cell of cells) {
    const value = mayHide && isNewborn(cell, view) ? 0 : cell.value;
    yield `${cell.prefix}${formatValue(value)}\n`;
  }
}

function* histogramLines({ name, family, cells }: HistogramFamily, view: View): Generator<string, void, undefined> {
  const separator = family.labels.length === 0 ? '' : ',';
  const bounds = [...(family.buckets ?? []).map(formatValue), '+Inf'];
  const ends = bounds.map((bound) => `${separator}le="${bound}"} `);
  const parts = { name, ends, blank: { counts: bounds.map(() => 0), sum: 0 } };
  for (const cell of cells) yield labelSetLines(cell, isNewborn(cell, view) ? parts.blank : cell, parts);
}

/** Buckets, sum and count of one label set, from the same counts: they always agree. */
function labelSetLines(
  { labelText }: HistogramCell,
  { counts, sum }: Pick<HistogramCell, 'counts' | 'sum'>,
  { name, ends }: { readonly name: string; readonly ends: readonly string[] },
): string {
  let lines = '';
  let cumulated = 0;
  for (const [index, end] of ends.entries()) {
    cumulated += counts[index] ?? 0;
    lines += `${name}_bucket{${labelText}${end}${cumulated}\n`;
  }
  const labels = labelText === '' ? '' : `{${labelText}}`;
  return `${lines}${name}_sum${labels} ${formatValue(sum)}\n${name}_count${labels} ${cumulated}\n`;
}

function isNewborn(cell: { readonly birth: number; readonly bornMs: number }, view: View): boolean {
  return cell.birth > view.afterBirth && cell.bornMs > view.afterMs;
}
