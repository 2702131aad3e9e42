import assert from 'node:assert/strict';
import type { LogWriter, Tally } from '../log-writer.ts';
import { numberedRequest, PROBE_LINE } from '../log-writer-lines.ts';
import type { Scraper } from './scraper.ts';

/** Most lines of a difference, and most numbers in each, that a failure shows. */
const SHOWN = 12;

/** What holds at every moment: counters go up only, no series vanishes, and nothing is counted that was not written. */
export function assertHonest({ resets, vanished, counted }: Scraper, { written }: LogWriter): void {
  assert.deepEqual(resets.slice(0, SHOWN), [], 'counters went down, or were born anew');
  assert.deepEqual(vanished.slice(0, SHOWN), [], 'series vanished');
  const doubled = differences(counted, written).filter(({ more }) => more > 0);
  assert.equal(doubled.length, 0, `more is counted than was written:\n${doubled.map(told).join('\n')}`);
}

/** What holds once a reader is at the end: all lines are counted, but for those nobody can know. `since` helps to say which are not. */
export function assertCounted(counted: Tally, writer: LogWriter, since = 0): void {
  const { written, unknowable } = writer;
  const lost = differences(counted, written).filter(({ key, more }) => -more > (unknowable.get(key) ?? 0));
  // Checked again and again until it holds: the numbers are worked out for no more than is shown.
  const texts = lost
    .slice(0, SHOWN)
    .map((difference) => `${told(difference)}, of lines ${numbersOf(difference.key, since, writer.lines)}`);
  assert.equal(lost.length, 0, `not counted:\n${texts.join('\n')}`);
  const strange = [...counted].filter(([key, value]) => value > 0 && !written.has(key));
  assert.deepEqual(strange, [], 'counted under labels that nobody wrote');
}

/**
 * What holds at the end: every total is that of what was written, and the increases that a scraper saw add up to what is counted. A file
 * that was rotated with nothing but its probes is byte for byte the same as another one; which of them has been read nobody can know from
 * a copy, so of probes some may be missing, and nothing else.
 */
export function assertAllSeen(scraper: Scraper, writer: LogWriter): void {
  assert.deepEqual(
    differences(scraper.increased, scraper.counted).map(told),
    [],
    'increase() does not add up to the counters',
  );
  const events = scraper.sum('llm_requests_total');
  const source = (what: string) => scraper.sum(`llm_exporter_source_${what}_total`);
  const filtered = source('filtered');
  assert.equal(source('events'), events);
  assert.equal(scraper.sum('llm_request_duration_seconds_count'), events);
  assert.equal(source('lines'), events + filtered + source('rejected'));
  assert.ok(filtered <= writer.probes, `${filtered} probes of ${writer.probes}`);
  if (writer.unknowable.size > 0) return;
  const bytes = writer.bytes - (writer.probes - filtered) * PROBE_LINE.length;
  const actual = { events, rejected: source('rejected'), bytes: source('bytes') };
  assert.deepEqual(actual, { events: writer.lines, rejected: 0, bytes });
}

interface Difference {
  readonly key: string;
  readonly actual: number;
  readonly expected: number;
  readonly more: number;
}

function differences(actual: Tally, expected: Tally): readonly Difference[] {
  return [...new Set([...actual.keys(), ...expected.keys()])]
    .map((key) => ({ key, actual: actual.get(key) ?? 0, expected: expected.get(key) ?? 0 }))
    .map((pair) => ({ ...pair, more: pair.actual - pair.expected }))
    .filter(({ more }) => more !== 0);
}

function told({ key, actual, expected, more }: Difference): string {
  return `${key}: ${actual} instead of ${expected} (${more > 0 ? '+' : ''}${more})`;
}

/** Which lines after `since` have this model and code. */
function numbersOf(key: string, since: number, last: number): string {
  const numbers: number[] = [];
  for (let number = since + 1; number <= last; number += 1) {
    const { model, code } = numberedRequest(number);
    if (`${model} ${code}` === key) numbers.push(number);
  }
  return numbers.length > SHOWN ? `${numbers.slice(0, SHOWN).join(' ')} … (${numbers.length})` : numbers.join(' ');
}
