import type { FamilyCut } from '../../metrics/cut.ts';
import type { Snapshot } from '../snapshot.ts';

/** Numbers looked at between two pieces of text: some tens of microseconds. */
const SLICE_NUMBERS = 512;

/** The lines of everything in a snapshot, in pieces. */
export function* encodeAll({ families, parts }: Snapshot): Generator<string, void, undefined> {
  for (const [index, cut] of families.entries()) yield familyLine(index, cut);
  for (const [index, cut] of families.entries()) yield* seriesLines(index, cut, 0);
  for (const [name, state] of parts) yield partLine(name, state);
}

/**
 * The lines of what is new or changed since `before`, a snapshot of the same process: counters and histograms are never
 * removed, so a series is known by its position in its family.
 */
export function* encodeChanges(next: Snapshot, before: Snapshot): Generator<string, void, undefined> {
  for (const [index, cut] of next.families.entries()) {
    const known = before.families[index];
    if (known === undefined) continue;
    yield* changedLines(index, cut, known);
    yield* seriesLines(index, cut, known.cells.length);
  }
  for (const [name, state] of next.parts) {
    if (before.parts.get(name) !== state) yield partLine(name, state);
  }
}

function familyLine(index: number, { name, family: { labels, buckets } }: FamilyCut): string {
  return `${JSON.stringify({ family: index, name, labels, buckets })}\n`;
}

/** The series of a family from position `start` on. */
function* seriesLines(index: number, cut: FamilyCut, start: number): Generator<string, void, undefined> {
  const { stride } = cut;
  for (const [from, to] of slices(start, cut.cells.length, stride)) {
    let lines = '';
    for (let at = from; at < to; at += 1) {
      const cell = cut.cells[at];
      if (cell === undefined) continue;
      const { labelValues: labels, createdMs, birth } = cell;
      const head = JSON.stringify({ series: index, labels, createdMs, birth });
      lines += `${head.slice(0, -1)},"values":[${formatNumbers(cut.values, at * stride, stride)}]}\n`;
    }
    yield lines;
  }
}

/** `[position, values]` of the series that both have and that differ. */
function* changedLines(index: number, next: FamilyCut, before: FamilyCut): Generator<string, void, undefined> {
  const { stride } = next;
  for (const [from, to] of slices(0, before.cells.length, stride)) {
    const changed: string[] = [];
    for (let at = from; at < to; at += 1) {
      if (isSame(next.values, before.values, at * stride, stride)) continue;
      changed.push(`[${at},${formatNumbers(next.values, at * stride, stride)}]`);
    }
    if (changed.length > 0) yield `{"values":${index},"set":[${changed.join(',')}]}\n`;
  }
}

function partLine(name: string, state: string): string {
  return `{"part":${JSON.stringify(name)},"state":${state}}\n`;
}

function* slices(start: number, end: number, stride: number): Generator<readonly [number, number], void, undefined> {
  const step = Math.max(1, Math.floor(SLICE_NUMBERS / stride));
  for (let from = start; from < end; from += step) yield [from, Math.min(end, from + step)];
}

function isSame(a: Float64Array, b: Float64Array, from: number, count: number): boolean {
  for (let index = from; index < from + count; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

function formatNumbers(values: Float64Array, from: number, count: number): string {
  let text = '';
  for (let index = from; index < from + count; index += 1) {
    if (index > from) text += ',';
    text += formatNumber(values[index] ?? 0);
  }
  return text;
}

/** JSON has no infinity, but a number too large for a double, which is read as one: a sum that has overflown stays what it was. */
function formatNumber(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '1e999' : String(value);
}
