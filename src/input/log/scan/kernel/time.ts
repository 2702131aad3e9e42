import type { Slot } from '../slot.ts';
import { AT, HEAD } from '../space.ts';
import { again, type Code, choose, f64, get, i32, loop, set, tee, v128, when } from '../wasm/instructions.ts';
import { readDecimal } from './decimal.ts';
import { isDigit } from './ends.ts';
import type { Scope } from './scope.ts';

/**
 * How times are written that are read now, as the kernel finds it at `AT.time` (time-memo.ts puts it there).
 *
 * `text`: a time that was read by the rules, and which of its digits may be others: those of the minute, of the second and of its fraction. All
 * other bytes are compared, so that the date, the hour and the zone are the same and the difference is one of digits.
 * `number`: seconds or milliseconds since the epoch, between two bounds.
 */
export const TIME = {
  /** Whose times these are: formats differ from log to log. */
  owner: 0,
  /** Length of the text; 0 for a number. */
  length: 4,
  /** Where the digits of minute and second stand; below 0: nowhere, all bytes are compared. */
  minuteAt: 8,
  secondAt: 12,
  /** Where a fraction begins, and how many digits it has. */
  fractionAt: 16,
  fractionDigits: 20,
  /** The time with all these digits 0. */
  baseMs: 24,
  low: 32,
  high: 40,
  /** Milliseconds of one unit. */
  unitMs: 48,
  /** The first and the last sixteen bytes, and which of their bits are compared. */
  head: 64,
  tail: 80,
  headMask: 96,
  tailMask: 112,
} as const;

export const MIN_TIME_BYTES = 16;
export const MAX_TIME_BYTES = 32;

const at = (field: keyof typeof TIME): Code => i32.load(i32.const(AT.time), TIME[field]);
const float = (field: keyof typeof TIME): Code => f64.load(i32.const(AT.time), TIME[field]);

/** Puts the time between `place` and `end` into `timeMs`. */
export function readTime(slot: Slot, scope: Scope): Code {
  const { fail, timeMs } = scope;
  const isOthers = i32.ne(at('owner'), i32.load(i32.const(AT.head + 4 * HEAD.owner)));
  const number = readDecimal(slot, scope, { value: timeMs, zero: [], otherwise: fail });
  const isOutside = i32.or(f64.lt(get(timeMs), float('low')), f64.ge(get(timeMs), float('high')));
  const scaled = f64.floor(f64.add(f64.mul(get(timeMs), float('unitMs')), f64.const(0.5)));
  return [
    ...when(isOthers, fail),
    ...choose(at('length'), slot.writing === 'bare' ? fail : readText(scope), [
      ...number,
      ...when(isOutside, fail),
      ...set(timeMs, scaled),
    ]),
  ];
}

function readText(scope: Scope): Code {
  const { place, end, bits, timeMs, fail, locals } = scope;
  const difference = (bytes: Code, known: 'head' | 'tail', mask: 'headMask' | 'tailMask') =>
    v128.and(v128.xor(bytes, v128.load(i32.const(AT.time), TIME[known])), v128.load(i32.const(AT.time), TIME[mask]));
  const head = difference(v128.load(get(place)), 'head', 'headMask');
  const tail = difference(v128.load(i32.sub(get(end), i32.const(16))), 'tail', 'tailMask');
  const digit = (offset: number) => i32.sub(i32.load8_u(get(bits), offset), i32.const(0x30));
  const isTwoDigits = i32.and(isDigit(get(bits)), isDigit(i32.add(get(bits), i32.const(1))));
  const pair = locals.add('i32');
  const addSixtieth = (field: 'minuteAt' | 'secondAt', ms: number) => [
    ...set(bits, i32.add(get(place), at(field))),
    ...when(i32.eqz(isTwoDigits), fail),
    ...set(pair, i32.add(i32.mul(digit(0), i32.const(10)), digit(1))),
    ...when(i32.ge_u(get(pair), i32.const(60)), fail),
    ...set(timeMs, f64.add(get(timeMs), f64.convert_i32_u(i32.mul(get(pair), i32.const(ms))))),
  ];
  return [
    ...when(i32.ne(i32.sub(get(end), get(place)), at('length')), fail),
    ...when(v128.any_true(v128.or(head, tail)), fail),
    ...set(timeMs, float('baseMs')),
    ...when(
      i32.ge_s(at('minuteAt'), i32.const(0)),
      addSixtieth('minuteAt', 60_000),
      addSixtieth('secondAt', 1000),
      when(at('fractionDigits'), addFraction(scope, pair)),
    ),
  ];
}

/** Whole milliseconds: what comes behind them only has to be digits. */
function addFraction({ place, bits, timeMs, fail, locals }: Scope, count: number): Code {
  const ms = locals.add('i32');
  const digit = i32.sub(i32.load8_u(get(bits)), i32.const(0x30));
  return [
    ...set(bits, i32.add(get(place), at('fractionAt'))),
    ...set(count, i32.const(0)),
    ...set(ms, i32.const(0)),
    ...loop(
      when(i32.eqz(isDigit(get(bits))), fail),
      when(i32.lt_u(get(count), i32.const(3)), set(ms, i32.add(i32.mul(get(ms), i32.const(10)), digit))),
      set(bits, i32.add(get(bits), i32.const(1))),
      when(i32.lt_u(tee(count, i32.add(get(count), i32.const(1))), at('fractionDigits')), again(1)),
    ),
    ...set(timeMs, f64.add(get(timeMs), f64.convert_i32_u(get(ms)))),
  ];
}
