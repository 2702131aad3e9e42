import type { Column, Shape, Slot } from '../slot.ts';
import { AT, HEAD, KIND, KIND_BYTES, KINDS, SPARE_ROW, WAYS } from '../space.ts';
import { again, type Code, f64, get, i32, loop, set, tee, when } from '../wasm/instructions.ts';
import type { Scope } from './scope.ts';

/** Far less than the slow reader takes for possible: what lies between is for it to judge. */
const MAX_SECONDS = 10_000;

const COLUMNS = ['durationSeconds', 'firstTokenSeconds', 'inputTokens', 'outputTokens'] as const satisfies Column[];

/** Leaves, or notes that the line is unusual, when a number is not what the slow reader certainly takes; scales what is a span. */
export function checkNumbers({ slots }: Shape, scope: Scope, unusual: Code): Code {
  return slots.flatMap((slot) => {
    const value = scope.values.get(slot);
    const { columns, perSecond } = slot.number ?? { columns: [], perSecond: 1 };
    if (value === undefined || columns.length === 0) return [];
    if (columns.some(isCount)) {
      const isWhole = f64.ne(f64.trunc(get(value)), get(value));
      return when(i32.and(isWhole, f64.ge(get(value), f64.const(0))), unusual);
    }
    const scaled = perSecond === 1 ? [] : set(value, f64.div(get(value), f64.const(perSecond)));
    return [...scaled, ...when(f64.gt(get(value), f64.const(MAX_SECONDS)), unusual)];
  });
}

export function isCount(column: Column): boolean {
  return column === 'inputTokens' || column === 'outputTokens';
}

/** Writes a line into the row of a local, or into the spare one. */
export function writeRow({ slots }: Shape, scope: Scope, row: number | undefined): Code {
  const at = (width: number) =>
    row === undefined ? i32.const(SPARE_ROW * width) : i32.mul(get(row), i32.const(width));
  const numberOf = (column: Column): Code => {
    const slot = slots.find(({ number }: Slot) => number?.columns.includes(column));
    const value = slot && scope.values.get(slot);
    return value === undefined ? f64.const(Number.NaN) : get(value);
  };
  return [
    ...COLUMNS.flatMap((column) => f64.store(at(8), numberOf(column), AT[column])),
    ...i32.store(at(4), get(scope.at), AT.lineAt),
    ...(row === undefined ? [] : f64.store(at(8), get(scope.timeMs), AT.timeMs)),
  ];
}

/** Where a kind is looked for. */
export interface KindPlaces {
  readonly kind: number;
  /** The kind's number. */
  readonly entry: number;
  readonly shape: number;
  /** What to do when it stands in none of its places, of which `kind` is one. */
  readonly unknown: Code;
}

/** Finds the kind of the line by the ids of its choices: puts its number into `kind` and its place in memory into `entry`. */
export function findKind(scope: Scope, { kind, entry, shape, unknown }: KindPlaces): Code {
  const { ids, blanks, locals } = scope;
  const [first, step] = [locals.add('i32'), locals.add('i32')];
  const mix = (mixed: Code, next: Code) => i32.add(i32.mul(mixed, i32.const(31)), next);
  const mixed = ids.reduce((before, id) => mix(before, get(id)), mix(get(shape), get(blanks)));
  const shift = 32 - Math.log2(KINDS);
  const differences = [
    i32.xor(i32.load(get(entry), 4 * KIND.shape), get(shape)),
    i32.xor(i32.load(get(entry), 4 * KIND.blanks), get(blanks)),
    ...ids.map((id, index) => i32.xor(i32.load(get(entry), 4 * (KIND.ids + index)), get(id))),
  ];
  const isOther = differences.reduce((all, difference) => i32.or(all, difference));
  const enter = set(entry, i32.add(i32.mul(get(kind), i32.const(KIND_BYTES)), i32.const(AT.kinds)));
  return [
    ...set(first, i32.shr_u(i32.mul(mixed, i32.const(0x9e3779b1)), i32.const(shift))),
    ...set(step, i32.const(0)),
    ...loop(
      set(kind, i32.xor(get(first), get(step))),
      enter,
      when(isOther, when(i32.lt_u(tee(step, i32.add(get(step), i32.const(1))), i32.const(WAYS)), again(2)), unknown),
    ),
  ];
}

/** Adds one to an integer of the head. */
export function countUp(field: keyof typeof HEAD): Code {
  const address = i32.const(AT.head + 4 * HEAD[field]);
  return i32.store(address, i32.add(i32.load(address), i32.const(1)));
}
