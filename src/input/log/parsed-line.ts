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
  /** There for lines that can be read before it is known where they end. */
  readonly ahead?: LookAhead | undefined;
}

/** Finds what a line says and where it ends in one go, where that is easy; it gives what the parser would give for the same line. */
export interface LookAhead {
  /**
   * Reads a line that begins at `start` and ends before `limit`. Undefined: that is for the parser. An event is only good until the next
   * call, and its request id as long as the bytes are.
   */
  read(bytes: Buffer, start: number, limit: number): LineResult | undefined;
  /** The place of the newline of the line that was read. */
  readonly end: number;
}
