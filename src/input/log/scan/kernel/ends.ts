import {
  again,
  type Code,
  call,
  choose,
  get,
  give,
  i32,
  i64,
  loop,
  set,
  tee,
  v128,
  when,
} from '../wasm/instructions.ts';
import { Locals, type Routine } from '../wasm/module.ts';

/**
 * Where values end. Nothing here asks where the line ends: every search stops at a control character, of which the newline is one, and
 * there is one behind every line that is read.
 */
export const [QUOTE, BACKSLASH, LF, CR, MINUS, POINT] = [0x22, 0x5c, 0x0a, 0x0d, 0x2d, 0x2e] as const;
const [ZERO, LETTER_U] = [0x30, 0x75] as const;
const LAST_CONTROL = 0x1f;

/** Whether other bytes stand `offset` behind the place in a local: sixteen at once, the last ones with some of those before them. */
export function differs(local: number, wanted: Uint8Array): Code {
  const view = new DataView(wanted.buffer, wanted.byteOffset, wanted.length);
  const { length } = wanted;
  const at = get(local);
  const places = (width: number) => {
    const starts = Array.from({ length: Math.floor(length / width) }, (_, index) => index * width);
    return length % width === 0 ? starts : [...starts, length - width];
  };
  const any = (or: (a: Code, b: Code) => Code, terms: readonly Code[]) => terms.reduce((all, term) => or(all, term));
  if (length === 0) return i32.const(0);
  if (length >= 16) {
    const term = (offset: number) => v128.xor(v128.load(at, offset), v128.const(wanted.subarray(offset, offset + 16)));
    return v128.any_true(any(v128.or, places(16).map(term)));
  }
  if (length >= 8) {
    const term = (offset: number) => i64.xor(i64.load(at, offset), i64.const(view.getBigInt64(offset, true)));
    return i64.ne(any(i64.or, places(8).map(term)), i64.const(0n));
  }
  if (length >= 4) {
    const term = (offset: number) => i32.xor(i32.load(at, offset), i32.const(view.getInt32(offset, true)));
    return any(i32.or, places(4).map(term));
  }
  if (length === 1) return i32.ne(i32.load8_u(at), i32.const(view.getUint8(0)));
  const term = (offset: number) => i32.xor(i32.load16_u(at, offset), i32.const(view.getUint16(offset, true)));
  return any(i32.or, places(2).map(term));
}

/** Moves `place` on to the first byte that is `stop`, a backslash, or not above `lowest`. */
export function search(
  { place, bits, vector }: { readonly place: number; readonly bits: number; readonly vector: number },
  stop: number,
  lowest = LAST_CONTROL,
): Code {
  const is = (byte: number) => v128.eq(get(vector), v128.all(byte));
  const isControl = v128.le_u(get(vector), v128.all(lowest));
  const found = stop === BACKSLASH ? is(stop) : v128.or(is(stop), is(BACKSLASH));
  return [
    ...loop(
      set(vector, v128.load(get(place))),
      when(
        i32.eqz(tee(bits, v128.bitmask(v128.or(found, isControl)))),
        set(place, i32.add(get(place), i32.const(16))),
        again(1),
      ),
    ),
    ...set(place, i32.add(get(place), i32.ctz(get(bits)))),
  ];
}

/** Whether the byte at a place is a digit. */
export function isDigit(at: Code): Code {
  return i32.lt_u(i32.sub(i32.load8_u(at), i32.const(ZERO)), i32.const(10));
}

function skipDigits(place: number): Code {
  return loop(when(isDigit(get(place)), set(place, i32.add(get(place), i32.const(1))), again(1)));
}

const word = (text: string) => Buffer.from(text, 'latin1');
const NONE = give(i32.const(0));

/**
 * Where the number or word that begins at a place ends, as JSON writes it; 0 when there is none. Numbers with an exponent are left to
 * others: what follows them is never what follows a value.
 */
export function endOfBare(): Routine {
  const locals = new Locals();
  const from = locals.add('i32');
  const place = locals.add('i32');
  const skip = (bytes: number) => set(place, i32.add(get(place), i32.const(bytes)));
  const isAt = (byte: number) => i32.eq(i32.load8_u(get(place)), i32.const(byte));
  const isWord = (text: string) =>
    when(i32.eqz(differs(from, word(text))), give(i32.add(get(from), i32.const(text.length))));
  const body = [
    ...isWord('true'),
    ...isWord('null'),
    ...isWord('false'),
    ...set(place, get(from)),
    ...when(isAt(MINUS), skip(1)),
    ...when(i32.eqz(isDigit(get(place))), NONE),
    ...choose(isAt(ZERO), skip(1), skipDigits(place)),
    ...when(isAt(POINT), skip(1), when(i32.eqz(isDigit(get(place))), NONE), skipDigits(place)),
    ...get(place),
  ];
  return { parameters: 1, locals, body };
}

/** Characters that may follow a backslash, by their distance from 0x40 (RFC 8259, section 7). */
const ESCAPES = [...'\\bfnrt'].reduce((set, letter) => set | (1n << BigInt(letter.charCodeAt(0) - 0x40)), 0n);

/** Where a string with escapes in it ends; 0 where it has none, or is none that JSON allows. Begins at any place in it. */
export function endOfAnyString(): Routine {
  const locals = new Locals();
  const place = locals.add('i32');
  const [bits, kind, digits, vector] = [locals.add('i32'), locals.add('i32'), locals.add('i32'), locals.add('v128')];
  const skip = (bytes: number) => set(place, i32.add(get(place), i32.const(bytes)));
  const isKind = (byte: number) => i32.eq(get(kind), i32.const(byte));
  const isLetter = i32.wrap_i64(
    i64.and(i64.shr_u(i64.const(ESCAPES), i64.extend_i32_u(i32.sub(get(kind), i32.const(0x40)))), i64.const(1n)),
  );
  const letter = i32.or(i32.load8_u(get(place)), i32.const(0x20));
  const isHex = i32.or(isDigit(get(place)), i32.lt_u(i32.sub(letter, i32.const(0x61)), i32.const(6)));
  const fourDigits = [
    ...set(digits, i32.const(4)),
    ...loop(when(i32.eqz(isHex), NONE), skip(1), when(tee(digits, i32.sub(get(digits), i32.const(1))), again(1))),
  ];
  const body = [
    ...loop(
      search({ place, bits, vector }, QUOTE),
      set(kind, i32.load8_u(get(place))),
      when(isKind(QUOTE), give(get(place))),
      when(i32.ne(get(kind), i32.const(BACKSLASH)), NONE),
      set(kind, i32.load8_u(get(place), 1)),
      skip(2),
      choose(
        isKind(LETTER_U),
        fourDigits,
        when(
          i32.eqz(i32.or(isKind(QUOTE), isKind(0x2f))),
          when(i32.ge_u(i32.sub(get(kind), i32.const(0x40)), i32.const(0x40)), NONE),
          when(i32.eqz(isLetter), NONE),
        ),
      ),
      again(0),
    ),
    0x00,
  ];
  return { parameters: 1, locals, body };
}

/** Where a value of a given writing ends. `fail` leaves when it has no end that is sure. */
export interface EndOptions {
  readonly from: number;
  readonly place: number;
  readonly bits: number;
  readonly vector: number;
  readonly after: Uint8Array;
  readonly fail: Code;
}

/** Moves `place` from `from` to the end of a string. What stops it is compared with what must follow it by the caller. */
export function endString(options: EndOptions, anyString: number | undefined): Code {
  const { from, place, fail } = options;
  const found = [...set(place, get(from)), ...search(options, QUOTE)];
  if (anyString === undefined) return found;
  const isEscape = i32.eq(i32.load8_u(get(place)), i32.const(BACKSLASH));
  return [...found, ...when(isEscape, when(i32.eqz(tee(place, call(anyString, get(place)))), fail))];
}

/**
 * The end of a value in text is where `after` first occurs. A backslash before it may be the escape of what looks like the end, and a
 * control character may belong to a colour: neither is for us.
 */
export function endText({ from, place, bits, vector, after, fail }: EndOptions): Code {
  const stop = after[0] ?? 0;
  return [
    ...set(place, get(from)),
    ...loop(
      search({ place, bits, vector }, stop),
      when(i32.ne(i32.load8_u(get(place)), i32.const(stop)), fail),
      when(differs(place, after), set(place, i32.add(get(place), i32.const(1))), again(1)),
    ),
  ];
}

/** As `endText`. What ends the value may be the separator of a list (`502, 200`, `502 : 200`): then it is for the slow reader to say. */
export function endListed(options: EndOptions): Code {
  const { from, place, bits, fail } = options;
  const isSeparator = (at: Code) => [
    ...set(bits, i32.load8_u(at)),
    ...when(i32.or(i32.eq(get(bits), i32.const(0x2c)), i32.eq(get(bits), i32.const(0x3a))), fail),
  ];
  return [
    ...endText(options),
    ...when(i32.gt_u(get(place), get(from)), isSeparator(i32.sub(get(place), i32.const(1)))),
    ...isSeparator(get(place)),
    ...isSeparator(i32.add(get(place), i32.const(1))),
  ];
}

/** The last value of a line: one word, up to the newline. */
export function endRest({ from, place, bits, vector }: EndOptions): Code {
  return [...set(place, get(from)), ...search({ place, bits, vector }, BACKSLASH, 0x20)];
}
