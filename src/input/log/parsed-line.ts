import type { RequestEvent } from '../../event/request-event.ts';
import type { RejectReason } from '../../event/sink.ts';

/** What one line turned out to be: a request, a line about something else, or a line nobody can read. */
export type LineResult = RequestEvent | 'filtered' | RejectReason;

/**
 * Reads one line, `bytes` from `start` up to `end`, without its line ending. Never throws.
 * It gets the place of a line and not a string, because making a string of each line costs more than finding the fields in its bytes.
 * The bytes are only good during the call: the buffer is used again.
 */
export type LineParser = (bytes: Buffer, start: number, end: number) => LineResult;
