import type { Bytes } from './bytes.ts';
import type { Choice, Choices } from './choices.ts';

/**
 * What a value is wanted for.
 * - `skip`: nothing; it only has to be what the format allows.
 * - `choice`: it decides what the event is, and takes few values.
 * - `time`, `number`, `id`: it goes into the event, different in each line.
 * - `text`: free text; a line with any is read by the slow reader's rules.
 * - `spare`: wanted only where another value is not usable.
 */
export type Use = 'skip' | 'choice' | 'time' | 'number' | 'id' | 'text' | 'spare';

/**
 * How a value is written, which says where it ends. `string` and `bare` are JSON's; `list` is text that may hold separators of lists;
 * `rest` goes up to the line's end.
 */
export type Writing = 'string' | 'bare' | 'text' | 'list' | 'rest';

/** One value of a line. */
export interface Slot {
  /** Its place in the arrays of `Found`. */
  readonly index: number;
  readonly use: Use;
  readonly writing: Writing;
  /** Under which name the slow reader's record has it. */
  readonly place: string;
  /** What stands behind it, up to the next value. */
  readonly after: Bytes;
  /** Values that it had before; for `choice` and `time`. */
  readonly choices: Choices | undefined;
}

/** What was found in the last line, by the slots' indexes. Arrays, as an object for each value would be made for each line. */
export interface Found {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Of `number` and `time`; NaN for what is no plain decimal. */
  readonly numbers: Float64Array;
  /** Of `choice`, and of `time` where that is no number. */
  readonly choices: (Choice | undefined)[];
  /** What those were before they changed last. */
  readonly others: (Choice | undefined)[];
}

export function createFound(slots: number): Found {
  return {
    from: new Int32Array(slots),
    to: new Int32Array(slots),
    numbers: new Float64Array(slots).fill(Number.NaN),
    choices: new Array<Choice | undefined>(slots).fill(undefined),
    others: new Array<Choice | undefined>(slots).fill(undefined),
  };
}
