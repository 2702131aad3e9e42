import type { EventBatch } from '../../event/event-batch.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { RejectReason } from '../../event/sink.ts';

/** What one line turned out to be: a request, a line about something else, or a line nobody can read. */
export type LineResult = RequestEvent | 'filtered' | RejectReason;

/**
 * Reads one line, `bytes` from `start` up to `end`, without its line ending. Never throws.
 * It gets the place of a line and not a string, because making a string of each line costs more than finding the fields in its bytes.
 * The bytes are only good during the call: the buffer is used again.
 */
export interface LineParser {
  (bytes: Buffer, start: number, end: number): LineResult;
  /** There for lines that can be read many at once. */
  readonly ahead?: LookAhead | undefined;
}

/** Whole lines that stand one behind the other. */
export interface Piece {
  readonly bytes: Buffer;
  readonly start: number;
  /** Behind the last newline. */
  readonly limit: number;
  /** Longer lines are left alone. */
  readonly maxLineBytes: number;
  /** Lines that look as if a container runtime wrapped them are left alone. */
  readonly leavesWrapped: boolean;
}

/** Lines that were read: none, any number of usual ones, or one by itself. */
export interface Taken {
  /** Behind the newline of the last of them; the start when there are none. */
  readonly end: number;
  /** Those that are requests. */
  readonly batch: EventBatch;
  /** How many of them are about something else. */
  readonly filtered: number;
  /** What one by itself turned out to be; its event is only good until the next call, and its request id as long as the bytes are. */
  readonly result: LineResult | undefined;
}

/** Reads usual lines, many at once and without looking for their ends first; it gives what the parser would give for the same lines. */
export interface LookAhead {
  /** Reads from the start on until a line is not usual; one that stands first is read by itself, or is for the parser. */
  read(piece: Piece): Taken | undefined;
}
