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

/** Numbers of an event that have a column of their own. */
export type Column = 'durationSeconds' | 'firstTokenSeconds' | 'inputTokens' | 'outputTokens';

/** What a number is for. */
export interface NumberUse {
  readonly columns: readonly Column[];
  /** How many of its unit make a second; 1 for counts. */
  readonly perSecond: number;
  /** Its bit among those of the blank numbers; undefined where another place counts when it is blank. */
  readonly blank: number | undefined;
  /** A zero that is not written as 0.000 is Traefik's way to say nothing. */
  readonly zeroIsBlank: boolean;
}

/** One value of a line. */
export interface Slot {
  readonly index: number;
  readonly use: Use;
  readonly writing: Writing;
  /** Under which name the slow reader's record has it. */
  readonly place: string;
  /** What stands behind it, up to the next value. */
  readonly after: Uint8Array;
  /** Of a number. */
  readonly number: NumberUse | undefined;
}

/** What lines of one shape are like. */
export interface Shape {
  /** What stands before the first value. */
  readonly head: Uint8Array;
  readonly slots: readonly Slot[];
  readonly isText: boolean;
}
