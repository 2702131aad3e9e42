import { AT, HEAD, MAX_KEPT_BYTES, VALUE_BYTES, VALUES, WAYS } from '../space.ts';
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
  memoryCopy,
  set,
  tee,
  when,
} from '../wasm/instructions.ts';
import { Locals, type Routine } from '../wasm/module.ts';

/**
 * Values that lines were seen to have, by their bytes, each with an id of its own: two values with one id are the same to the last byte.
 * A value stands in one of WAYS places; when more come than find room they drive each other out, which costs time only.
 */

/** Of a value that is kept: its first eight bytes and its last eight, its length, its id, and all bytes if there are any between. */
const VALUE = { low: 0, high: 8, length: 16, id: 20, bytes: 32 } as const;

/** Reads the eight bytes at both ends of a value; where there are fewer, all of them are the first. */
function readEnds(from: number, length: number, low: number, high: number): Code {
  const lowest = i64.sub(i64.shl(i64.const(1n), i64.extend_i32_u(i32.shl(get(length), i32.const(3)))), i64.const(1n));
  return [
    ...set(low, i64.load(get(from))),
    ...choose(
      i32.lt_u(get(length), i32.const(8)),
      [...set(low, i64.and(get(low), lowest)), ...set(high, i64.const(0n))],
      set(high, i64.load(i32.sub(i32.add(get(from), get(length)), i32.const(8)))),
    ),
  ];
}

/** The first of the places where a value with these ends may stand; `mixed` is for its own use. */
function placeOf(ends: { readonly low: number; readonly high: number; readonly mixed: number }, length: number): Code {
  const { low, high, mixed } = ends;
  const sum = i64.add(
    i64.xor(i64.mul(get(low), i64.const(0x9e3779b97f4a7c15n)), i64.mul(get(high), i64.const(0xc2b2ae3d27d4eb4fn))),
    i64.extend_i32_u(get(length)),
  );
  const folded = i64.xor(tee(mixed, sum), i64.shr_u(get(mixed), i64.const(29n)));
  const place = i64.shr_u(i64.mul(folded, i64.const(0x165667b19e3779f9n)), i64.const(BigInt(64 - Math.log2(VALUES))));
  return i32.wrap_i64(place);
}

const entryAt = (place: Code): Code => i32.add(i32.mul(place, i32.const(VALUE_BYTES)), i32.const(AT.values));

/**
 * The id of the value from one place to another; 0 for one that is not kept. All in one function, as it is called several times for each
 * line: with one to hash and one to compare it took half as long again.
 */
export function findValue(): Routine {
  const locals = new Locals();
  const [from, to] = [locals.add('i32'), locals.add('i32')];
  const [place, entry, step, offset] = [locals.add('i32'), locals.add('i32'), locals.add('i32'), locals.add('i32')];
  const ends = { low: locals.add('i64'), high: locals.add('i64'), mixed: locals.add('i64') };
  const { low, high } = ends;
  // From here on the length.
  const length = to;
  const next = (depth: number) =>
    when(i32.lt_u(tee(step, i32.add(get(step), i32.const(1))), i32.const(WAYS)), again(depth));
  const differs = i64.or(
    i64.or(i64.xor(i64.load(get(entry), VALUE.low), get(low)), i64.xor(i64.load(get(entry), VALUE.high), get(high))),
    i64.extend_i32_u(i32.xor(i32.load(get(entry), VALUE.length), get(length))),
  );
  const between = i64.ne(
    i64.load(i32.add(get(entry), get(offset)), VALUE.bytes),
    i64.load(i32.add(get(from), get(offset))),
  );
  const body = [
    ...set(length, i32.sub(get(to), get(from))),
    ...readEnds(from, length, low, high),
    ...set(place, placeOf(ends, length)),
    ...loop(
      set(entry, entryAt(i32.xor(get(place), get(step)))),
      when(i64.ne(differs, i64.const(0n)), next(2), give(i32.const(0))),
      set(offset, i32.const(8)),
      loop(
        when(
          i32.lt_s(get(offset), i32.sub(get(length), i32.const(8))),
          when(between, next(4), give(i32.const(0))),
          set(offset, i32.add(get(offset), i32.const(8))),
          again(1),
        ),
      ),
    ),
    ...i32.load(get(entry), VALUE.id),
  ];
  return { parameters: 2, locals, body };
}

/** As `findValue`, and keeps a value that is new; 0 for one that is too long for that. */
export function keepValue(find: number): Routine {
  const locals = new Locals();
  const [from, to] = [locals.add('i32'), locals.add('i32')];
  const [place, entry, id, length] = [locals.add('i32'), locals.add('i32'), locals.add('i32'), locals.add('i32')];
  const step = locals.add('i32');
  const ends = { low: locals.add('i64'), high: locals.add('i64'), mixed: locals.add('i64') };
  const { low, high } = ends;
  const lastId = i32.const(AT.head + 4 * HEAD.lastId);
  const enter = (by: number) => set(entry, entryAt(i32.xor(get(place), get(by))));
  const body = [
    ...set(id, call(find, get(from), get(to))),
    ...when(get(id), give(get(id))),
    ...set(length, i32.sub(get(to), get(from))),
    ...when(i32.gt_u(get(length), i32.const(MAX_KEPT_BYTES)), give(i32.const(0))),
    ...readEnds(from, length, low, high),
    ...set(place, placeOf(ends, length)),
    ...set(id, i32.add(i32.load(lastId), i32.const(1))),
    ...i32.store(lastId, get(id)),
    ...loop(
      enter(step),
      when(
        i32.load(get(entry), VALUE.id),
        when(i32.lt_u(tee(step, i32.add(get(step), i32.const(1))), i32.const(WAYS)), again(2)),
        // All are taken: one of them goes.
        set(step, i32.and(get(id), i32.const(WAYS - 1))),
        enter(step),
      ),
    ),
    ...i64.store(get(entry), get(low), VALUE.low),
    ...i64.store(get(entry), get(high), VALUE.high),
    ...i32.store(get(entry), get(length), VALUE.length),
    ...i32.store(get(entry), get(id), VALUE.id),
    ...memoryCopy(i32.add(get(entry), i32.const(VALUE.bytes)), get(from), get(length)),
    ...get(id),
  ];
  return { parameters: 2, locals, body };
}
