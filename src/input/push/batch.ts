import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RejectReason, SourceSink } from '../../event/sink.ts';
import type { LineSink } from '../configured-parser.ts';
import type { LineParser, LineResult } from '../log/parsed-line.ts';
import { rejectedShape } from '../log/rejected-shape.ts';
import { BrokenJsonError } from './json-walk.ts';
import type { BatchCounts } from './push-keys.ts';
import { type Cutting, cutRecords } from './records.ts';

/** Counting a batch is one step that nothing comes between: 1.5 µs a record, measured, once the code is warm. */
export const MAX_RECORDS = 50_000;
/** Read before the event loop turns: a millisecond or two. */
const TURN_BYTES = 256 * 1024;

/** A batch that is read but not counted. */
export interface Batch {
  readonly records: number;
  readonly counts: BatchCounts;
  /** The first record that could not be read: `record 3: invalid_json`. */
  readonly firstRejected: string | undefined;
  /** Counts all of it, in one step: a snapshot of the counters holds either the whole batch or nothing of it. */
  count(sink: SourceSink): void;
}

/** Why a body as a whole is refused, so that nothing of it counts. */
export interface Unreadable {
  readonly kind: 'malformed' | 'too_large';
  readonly reason: string;
}

export interface ReadBatchOptions {
  readonly body: Buffer;
  readonly cutting: Cutting;
  /** Builds the reader of one body, which tells `sink` what a record holds beyond its first request. */
  readonly parserFor: (sink: LineSink) => LineParser;
  readonly maxLineBytes: number;
}

/** What a record turned out to be, and what it looked like where that is told. */
interface ReadRecord {
  readonly result: LineResult;
  readonly shape?: (() => string) | undefined;
}

/** Reads a body in steps, so that a large one does not hold up the proxied traffic or a scrape. Never rejects. */
export async function readBatch({
  body,
  cutting,
  parserFor,
  maxLineBytes,
}: ReadBatchOptions): Promise<Batch | Unreadable> {
  const records: ReadRecord[] = [];
  const parse = parserFor(collect(records));
  let turnBytes = 0;
  try {
    for (const { bytes, start, end } of cutRecords(body, cutting)) {
      const result = end - start > maxLineBytes ? 'too_long' : parse(bytes, start, end);
      records.push(isReject(result) ? { result, shape: () => rejectedShape(bytes, start, end) } : { result });
      if (records.length > MAX_RECORDS)
        return { kind: 'too_large', reason: `it holds more than ${MAX_RECORDS} records` };
      turnBytes += end - start;
      if (turnBytes < TURN_BYTES) continue;
      turnBytes = 0;
      await nextTurn();
    }
  } catch (error) {
    if (!(error instanceof BrokenJsonError)) throw error;
    return { kind: 'malformed', reason: `record ${records.length + 1}: ${error.message}` };
  }
  return {
    records: records.length,
    counts: tally(records),
    firstRejected: firstRejected(records),
    count: (sink) => hand(records, body, sink),
  };
}

function collect(records: ReadRecord[]): LineSink {
  const add = (result: LineResult) => void records.push({ result });
  return { read() {}, event: add, reject: add, filtered: () => add('filtered') };
}

function isReject(result: LineResult): result is RejectReason {
  return typeof result === 'string' && result !== 'filtered';
}

function hand(records: readonly ReadRecord[], body: Buffer, sink: SourceSink): void {
  sink.read(body.length, records.length);
  for (const { result, shape } of records) {
    if (typeof result === 'object') sink.event(result);
    else if (result === 'filtered') sink.filtered();
    else sink.reject(result, shape);
  }
}

function tally(records: readonly ReadRecord[]): BatchCounts {
  const rejected: Partial<Record<RejectReason, number>> = {};
  let accepted = 0;
  let filtered = 0;
  for (const { result } of records) {
    if (typeof result === 'object') accepted += 1;
    else if (result === 'filtered') filtered += 1;
    else rejected[result] = (rejected[result] ?? 0) + 1;
  }
  return { accepted, filtered, rejected };
}

function firstRejected(records: readonly ReadRecord[]): string | undefined {
  const index = records.findIndex(({ result }) => isReject(result));
  const found = records[index];
  return found === undefined ? undefined : `record ${index + 1}: ${String(found.result)}`;
}
