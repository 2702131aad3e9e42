import type { Slot } from '../slot.ts';
import { AT, MAX_DIGITS } from '../space.ts';
import { again, type Code, choose, f64, get, i32, i64, loop, set, tee, when } from '../wasm/instructions.ts';
import { differs, POINT } from './ends.ts';
import type { Scope } from './scope.ts';

export interface DecimalOptions {
  /** The local that takes the number. */
  readonly value: number;
  /** What to do with a zero that is not written as text with a point: 0, and 0.000 as a number of JSON. */
  readonly zero: Code;
  /** What to do where there is no plain decimal before what must follow the value. */
  readonly otherwise: Code;
}

const ZERO = 0x30;
/** What nginx parts the values of a list by. */
const SEPARATORS = [Buffer.from(', '), Buffer.from(' : ')];

/** Reads digits, with or without a point and more digits behind it, to the same double as `Number` does. */
export function readDecimal({ writing, after }: Slot, scope: Scope, { value, zero, otherwise }: DecimalOptions): Code {
  const { locals, place: from, end } = scope;
  const [fraction, digit, number] = [locals.add('i32'), locals.add('i32'), locals.add('i64')];
  const digits = loop(
    when(
      i32.lt_u(tee(digit, i32.sub(i32.load8_u(get(end)), i32.const(ZERO))), i32.const(10)),
      set(number, i64.add(i64.mul(get(number), i64.const(10n)), i64.extend_i32_u(get(digit)))),
      set(end, i32.add(get(end), i32.const(1))),
      again(1),
    ),
  );
  const length = i32.sub(get(end), get(from));
  const read = [
    ...set(end, get(from)),
    ...set(number, i64.const(0n)),
    ...set(fraction, i32.const(0)),
    ...digits,
    ...when(
      i32.and(i32.eq(get(digit), i32.const(POINT - ZERO)), i32.gt_u(get(end), get(from))),
      // Of the digits before the point no more is known than that there are some.
      set(end, i32.add(get(end), i32.const(1))),
      set(fraction, get(end)),
      digits,
      set(fraction, i32.sub(get(end), get(fraction))),
      // A point at the end makes no decimal: nothing may follow it that could follow a value.
      when(i32.eqz(get(fraction)), set(end, get(from))),
    ),
  ];
  const isZeroFirst = i32.and(
    i32.eq(i32.load8_u(get(from)), i32.const(ZERO)),
    i32.lt_u(i32.sub(i32.load8_u(get(from), 1), i32.const(ZERO)), i32.const(10)),
  );
  const isShort = i32.lt_u(i32.sub(length, i32.const(1)), i32.const(MAX_DIGITS));
  const isPlain = writing === 'bare' ? i32.and(isShort, i32.eqz(isZeroFirst)) : isShort;
  // `0.1 : 0.2` and `0.1, 0.2` go on behind what looks like the end, where that begins as a separator does.
  const goesOn = SEPARATORS.reduce<Code>((any, one) => i32.or(any, i32.eqz(differs(end, one))), i32.const(0));
  const isWhole = i32.and(isPlain, i32.eqz(writing === 'list' ? goesOn : i32.const(0)));
  const isZero = i64.eqz(get(number));
  const isBareZero = writing === 'bare' ? isZero : i32.and(isZero, i32.eqz(get(fraction)));
  const power = f64.load(i32.shl(get(fraction), i32.const(3)), AT.powers);
  return [
    ...read,
    ...choose(
      i32.and(isWhole, i32.eqz(differs(end, after))),
      [
        ...set(value, f64.convert_i64_u(get(number))),
        ...(zero.length === 0 ? [] : when(isBareZero, zero)),
        ...when(get(fraction), set(value, f64.div(get(value), power))),
      ],
      otherwise,
    ),
  ];
}
