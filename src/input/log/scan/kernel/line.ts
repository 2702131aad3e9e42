import type { Shape, Slot } from '../slot.ts';
import { AT, HEAD, MAX_SLOTS } from '../space.ts';
import { type Code, call, choose, f64, get, i32, set, when } from '../wasm/instructions.ts';
import { readDecimal } from './decimal.ts';
import { CR, differs, endListed, endRest, endString, endText, LF, MINUS } from './ends.ts';
import { CALL, type Scope } from './scope.ts';
import { readTime } from './time.ts';

/**
 * Reads all values of the line at `scope.at`, and moves `scope.place` to its end and `scope.next` behind its newline. Of a line that may
 * be of another shape it leaves: every byte is looked at, so that what is accepted here is what the slow reader accepts.
 */
export function readLine({ head, slots, isText }: Shape, scope: Scope): Code {
  const { at, place, fail } = scope;
  return [
    ...set(place, get(at)),
    ...when(differs(place, head), fail),
    ...set(place, i32.add(get(at), i32.const(head.length))),
    ...slots.flatMap((slot) => readSlot(slot, scope)),
    ...(isText ? checkText(scope) : []),
    ...endLine(scope),
  ];
}

/** Reads the value at `place`, and moves that behind it and what must follow it. */
function readSlot(slot: Slot, scope: Scope): Code {
  const { place, end } = scope;
  const move = set(place, i32.add(get(end), i32.const(slot.after.length)));
  return [...valueIn(slot, scope), ...(scope.isFrame && slot.use !== 'skip' ? keepPlace(slot, scope) : []), ...move];
}

function valueIn(slot: Slot, scope: Scope): Code {
  const { use } = slot;
  const { place, end, ids, fail, isFrame } = scope;
  switch (use) {
    case 'number':
      return readNumber(slot, scope);
    case 'choice': {
      const id = scope.locals.add('i32');
      ids.push(id);
      const find = isFrame ? CALL.keepValue : CALL.findValue;
      const unknown = when(i32.eqz(get(id)), isFrame ? odd() : fail);
      return [...endOf(slot, scope), ...set(id, call(find, get(place), get(end))), ...unknown];
    }
    case 'text':
      return [...endOf(slot, scope), ...when(i32.eqz(isBlank(slot, scope)), isFrame ? odd() : fail)];
    case 'time':
      return [...endOf(slot, scope), ...(isFrame ? [] : readTime(slot, scope))];
    case 'skip':
    case 'spare':
    case 'id':
      return endOf(slot, scope);
    default:
      return use satisfies never;
  }
}

/** Puts the end of the value at `place` into `end`, and sees to it that what must follow it does. */
function endOf({ writing, use, after }: Slot, scope: Scope): Code {
  const { place: from, end: place, bits, vector, fail } = scope;
  const options = { from, place, bits, vector, after, fail };
  const follows = when(differs(place, after), fail);
  switch (writing) {
    case 'string':
      return [...endString(options, use === 'skip' ? CALL.endOfAnyString : undefined), ...follows];
    case 'bare':
      return [...set(place, call(CALL.endOfBare, get(from))), ...when(i32.eqz(get(place)), fail), ...follows];
    case 'text':
      return endText(options);
    case 'list':
      return endListed(options);
    case 'rest':
      return endRest(options);
    default:
      return writing satisfies never;
  }
}

/** A number is a plain decimal or blank; all else that the slow reader may take for one is left to its rules. */
function readNumber(slot: Slot, scope: Scope): Code {
  const { values, fail, isFrame, blanks } = scope;
  const value = scope.locals.add('f64');
  values.set(slot, value);
  const { blank, zeroIsBlank } = slot.number ?? { blank: undefined, zeroIsBlank: false };
  const unusual = isFrame ? odd() : fail;
  const note =
    blank === undefined
      ? unusual
      : choose(isBlank(slot, scope), set(blanks, i32.or(get(blanks), i32.const(1 << blank))), unusual);
  return readDecimal(slot, scope, {
    value,
    zero: zeroIsBlank ? unusual : [],
    otherwise: [...set(value, f64.const(Number.NaN)), ...endOf(slot, scope), ...note],
  });
}

/** Whether the value between `place` and `end` says that there is nothing to say: the slow reader's `isBlank`. */
function isBlank({ writing }: Slot, { place, end }: Scope): Code {
  const first = i32.load8_u(get(place));
  if (writing === 'bare') return i32.eq(first, i32.const('n'.charCodeAt(0)));
  const length = i32.sub(get(end), get(place));
  return i32.or(i32.eqz(length), i32.and(i32.eq(length, i32.const(1)), i32.eq(first, i32.const(MINUS))));
}

function odd(): Code {
  return i32.store(i32.const(AT.head + 4 * HEAD.isOdd), i32.const(1));
}

function keepPlace({ index }: Slot, { place, end }: Scope): Code {
  const address = i32.const(AT.slots + 8 * Math.min(index, MAX_SLOTS - 1));
  return [...i32.store(address, get(place)), ...i32.store(address, get(end), 4)];
}

const [SPACE, TILDE, BRACE] = [0x20, 0x7e, 0x7b];

/** Text begins and ends with what nobody would cut off, and does not look like JSON. */
function checkText({ at, place, fail }: Scope): Code {
  const isOdd = (byte: Code) => i32.ge_u(i32.sub(byte, i32.const(SPACE + 1)), i32.const(TILDE - SPACE));
  const first = i32.load8_u(get(at));
  return [
    ...when(i32.or(isOdd(first), i32.eq(first, i32.const(BRACE))), fail),
    ...when(isOdd(i32.load8_u(i32.sub(get(place), i32.const(1)))), fail),
  ];
}

/** The line ends with its last value. */
function endLine({ place, next, fail }: Scope): Code {
  const is = (byte: number, offset: number) => i32.eq(i32.load8_u(get(place), offset), i32.const(byte));
  return [
    ...set(next, i32.add(get(place), i32.const(1))),
    ...when(
      i32.eqz(is(LF, 0)),
      when(i32.eqz(i32.and(is(CR, 0), is(LF, 1))), fail),
      set(next, i32.add(get(place), i32.const(2))),
    ),
  ];
}
