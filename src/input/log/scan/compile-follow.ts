import { type Bytes, isAt } from './bytes.ts';
import { endOfAnyString, endOfBare, endOfString } from './json/ends.ts';
import type { Found, Slot } from './slot.ts';
import { endOfLine, endOfListed, endOfText } from './text/end.ts';

/**
 * Finds the values of a line that begins at `start` and ends at or before `limit`, and notes where they are. Returns the place behind the
 * last of them and what follows it; -1 when the line is of another shape, or may be. Every byte up to there was looked at, so that a line
 * which is accepted is one that the slow reader accepts.
 */
export type Follow = (view: DataView, start: number, limit: number) => number;

/** So many digits stay below 2^53, and ten to so many is exact: the quotient of two exact doubles is the double nearest to it. */
const MAX_DIGITS = 15;
const POWERS = Float64Array.from({ length: MAX_DIGITS + 1 }, (_, power) => 10 ** power);

/** All that generated code may use, beside its parameters. */
const SURROUNDINGS = { isAt, endOfString, endOfAnyString, endOfBare, endOfText, endOfListed, endOfLine, POWERS };

/**
 * Compiles the shape of a line to a function of its own. One loop for all shapes takes twice as long: what it would look up for each
 * value, and call for it, stands in the code. Log lines cannot get into that: of a shape there are only numbers in it, among them the
 * bytes of its literals. Undefined where Node was told not to make code (--disallow-code-generation-from-strings).
 */
export function compileFollow(head: Bytes, slots: readonly Slot[], found: Found): Follow | undefined {
  const body = `'use strict';
const { from, to, numbers, choices, others } = found;
const { ${Object.keys(SURROUNDINGS).join(', ')} } = surroundings;
${slots.map(({ index }) => `const after${index} = slots[${index}].after, known${index} = slots[${index}].choices;`).join('\n')}
return (view, start, limit) => {
  const wide = view.byteLength - 4;
  let at = start, end = 0, four = 0, mark = 0, place = 0, point = 0, digit = 0, number = 0, choice;
  if (${differs(head, 'at')}) return -1;
  at += ${head.length};
${slots.map(codeOf).join('\n')}
  return at;
};`;
  try {
    // Safe: the body returns a function of these parameters, which returns a number in all its ways out.
    return new Function('slots', 'found', 'surroundings', body)(slots, found, SURROUNDINGS) as Follow;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/** Finds one value, which begins at `at`, and moves `at` behind it. */
function codeOf(slot: Slot): string {
  const { index, use, after, choices } = slot;
  let code = search(slot);
  if (choices !== undefined) {
    code += `
    others[${index}] = choices[${index}]; choices[${index}] = known${index}.find(view, at, end);`;
  }
  if (use === 'number' || use === 'time') code = decimal(slot, code);
  if (choices !== undefined && slot.writing !== 'list' && slot.writing !== 'rest') code = recall(slot, code);
  return `  ${code}
  from[${index}] = at; to[${index}] = end; at = end + ${after.length};`;
}

/** Tries first whether the value is one of the last two, which is one comparison where it is not. */
function recall({ index }: Slot, otherwise: string): string {
  const isThis = `choice !== undefined && at + choice.whole <= limit && choice.whole >= 8 && view.getFloat64(at, true) === choice.head &&
    view.getFloat64(at + choice.whole - 8, true) === choice.tail && (choice.whole <= 16 || isAt(view, at, choice.view, choice.whole))`;
  return `choice = choices[${index}];
  if (${isThis}) end = at + choice.length;
  else {
    choice = others[${index}];
    if (${isThis}) { end = at + choice.length; others[${index}] = choices[${index}]; choices[${index}] = choice; }
    else { ${otherwise} }
  }`;
}

/** Reads digits, with or without a point and more digits behind it, to the same double as `Number` does. */
function decimal({ index, writing, after, choices }: Slot, otherwise: string): string {
  const isJson = '(place - at < 2 || view.getUint8(at) !== 48 || view.getUint8(at + 1) === 46)';
  return `number = 0; point = -1;
  for (place = at; place < limit; place += 1) {
    digit = view.getUint8(place) - 48;
    if (digit >= 0 && digit <= 9) number = number * 10 + digit;
    else if (digit === -2 && point === -1 && place > at) point = place;
    else break;
  }
  digit = place - at - (point === -1 ? 0 : 1);
  if (digit > 0 && digit <= ${MAX_DIGITS} && point !== place - 1 && ${writing === 'bare' ? isJson : 'true'} && !(${differs(after, 'place')})) {
    end = place;
    numbers[${index}] = point === -1 ? number : number / POWERS[place - point - 1];
    ${choices === undefined ? '' : `choices[${index}] = others[${index}] = undefined;`}
  } else {
    numbers[${index}] = NaN;
    ${otherwise}
  }`;
}

/** Looks for the end of the value, byte by byte. */
function search(slot: Slot): string {
  const { index, writing, use, after } = slot;
  const ending = `if (end === -1 || ${differs(after, 'end')})`;
  switch (writing) {
    case 'string':
      return `${searchQuote()}
    ${ending} ${use === 'skip' ? `{ end = endOfAnyString(view, at, limit); ${ending} return -1; }` : 'return -1;'}`;
    case 'bare':
      return `end = endOfBare(view, at, limit); ${ending} return -1;`;
    case 'text':
      return `end = endOfText(view, at, limit, after${index}); ${ending} return -1;`;
    case 'list':
      return `end = endOfListed(view, at, limit, after${index}); ${ending} return -1;`;
    case 'rest':
      return `end = endOfLine(view, at, limit); ${ending} return -1;`;
    default:
      return writing satisfies never;
  }
}

/** What `endOfString` does, four bytes in a step, until there are no four bytes left; what it stops at is looked at with what follows. */
function searchQuote(): string {
  return `for (end = at; ; end += 4) {
      if (end > wide) { end = endOfString(view, end, limit); break; }
      four = view.getInt32(end, true);
      mark = (((four ^ 0x22222222) - 0x01010101) | ((four ^ 0x5c5c5c5c) - 0x01010101) | (four - 0x20202020)) & ~four & 0x80808080;
      if (mark !== 0) { end += (31 - Math.clz32(mark & -mark)) >> 3; break; }
    }`;
}

/** Whether other bytes stand there, as a condition: eight at once, the last eight with some of those before them. See `isAt`. */
function differs({ view, length }: Bytes, at: string): string {
  if (length === 0) return 'false';
  const terms = [`${at} + ${length} > limit`];
  const compare = (read: 'getFloat64' | 'getInt32' | 'getUint8', offset: number) =>
    terms.push(`view.${read}(${at} + ${offset}, true) !== ${view[read](offset, true)}`);
  if (length >= 8) {
    for (let offset = 0; offset + 8 < length; offset += 8) compare('getFloat64', offset);
    compare('getFloat64', length - 8);
  } else if (length >= 4) {
    compare('getInt32', 0);
    if (length > 4) compare('getInt32', length - 4);
  } else for (let offset = 0; offset < length; offset += 1) compare('getUint8', offset);
  return terms.join(' || ');
}
