import { isAt, isPrintable } from './bytes.ts';

/**
 * One value that a place of a line was seen to have, made once: lines name the same models and paths again and again. Its bytes are those
 * of the value and of what stands behind it, so that one comparison finds both.
 */
export interface Choice {
  /** As the slow reader would see it. */
  readonly value: unknown;
  /** Unlike that of any other choice. */
  readonly id: number;
  readonly view: DataView;
  /** Bytes of the value, and with those behind it. */
  readonly length: number;
  readonly whole: number;
  /** The first and the last eight of all, as numbers to compare at once; NaN, which equals nothing, where it has no eight. */
  readonly head: number;
  readonly tail: number;
}

export type MakeValue = (from: number, to: number) => unknown;

/** The values that one place of a line had of late. */
export interface Choices {
  /** The choice whose bytes are these; a new one when they were not seen for long. */
  find(view: DataView, from: number, to: number): Choice;
}

/** A power of two. */
const PLACES = 256;
/** A longer value is made anew each time: remembering it would let clients choose how much is kept. */
const MAX_KEPT_BYTES = 200;

let lastId = 0;

/**
 * Two places for each value: as many as are met at one time find room beside each other, and when more come they drive each other out,
 * which costs time only. `behind` bytes after each value are always the same.
 */
export function createChoices(make: MakeValue, behind: number): Choices {
  const places = new Array<Choice | undefined>(PLACES).fill(undefined);

  function choose(view: DataView, from: number, to: number): Choice {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + from, to + behind - from).slice();
    const whole = bytes.length;
    const own = new DataView(bytes.buffer);
    // What is not printable cannot be compared as numbers, and must not be found again.
    const isComparable = whole >= 8 && isPrintable(view, from, to);
    lastId += 1;
    return {
      ...{ value: make(from, to), id: lastId, view: own, length: to - from, whole },
      head: isComparable ? own.getFloat64(0, true) : Number.NaN,
      tail: isComparable ? own.getFloat64(whole - 8, true) : Number.NaN,
    };
  }

  return {
    find(view, from, to) {
      const place = placeOf(view, from, to);
      const known = places[place];
      if (known !== undefined && known.length === to - from && isAt(view, from, known.view, known.length)) return known;
      const other = places[place ^ 1];
      if (other !== undefined && other.length === to - from && isAt(view, from, other.view, other.length)) return other;
      const choice = choose(view, from, to);
      if (choice.length > MAX_KEPT_BYTES || !isPrintable(view, from, to)) return choice;
      if (known !== undefined) places[place ^ 1] = known;
      places[place] = choice;
      return choice;
    },
  };
}

/** From the length and what stands at both ends, where values of one field differ. */
function placeOf(view: DataView, from: number, to: number): number {
  const length = to - from;
  let mixed = length;
  if (length >= 4) mixed ^= view.getInt32(from, true) ^ Math.imul(view.getInt32(to - 4, true), 0x9e3779b1);
  else for (let at = from; at < to; at += 1) mixed = (mixed << 8) ^ view.getUint8(at);
  return Math.imul(mixed, 0x85ebca6b) >>> 24;
}
