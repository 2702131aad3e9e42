/**
 * WebAssembly instructions as functions that give their bytes, operands first, so that code reads as expressions. Only those that are used
 * (https://webassembly.github.io/spec/core/binary/instructions.html).
 */
export type Code = readonly (number | Code)[];

/** The bytes one after the other. Code is put together nested, as each copy of it would be made again for all that is around it. */
export function flatten(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === 'number') into.push(part);
    else flatten(part, into);
  }
  return into;
}

const unary =
  (...opcode: readonly number[]) =>
  (a: Code): Code => [a, opcode];
const binary =
  (...opcode: readonly number[]) =>
  (a: Code, b: Code): Code => [a, b, opcode];
/** Nothing that is read here is aligned. */
const load =
  (...opcode: readonly number[]) =>
  (at: Code, offset = 0): Code => [at, opcode, 0, unsigned(offset)];
const store =
  (...opcode: readonly number[]) =>
  (at: Code, value: Code, offset = 0): Code => [at, value, opcode, 0, unsigned(offset)];

const SIMD = 0xfd;

export const i32 = {
  const: (value: number): Code => [0x41, signed(value | 0)],
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  lt_s: binary(0x48),
  lt_u: binary(0x49),
  gt_u: binary(0x4b),
  ge_s: binary(0x4e),
  ge_u: binary(0x4f),
  ctz: unary(0x68),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shr_u: binary(0x76),
  wrap_i64: unary(0xa7),
  load: load(0x28),
  load8_u: load(0x2d),
  load16_u: load(0x2f),
  store: store(0x36),
};

export const i64 = {
  const: (value: bigint): Code => [0x42, signedLong(BigInt.asIntN(64, value))],
  eqz: unary(0x50),
  ne: binary(0x52),
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shl: binary(0x86),
  shr_u: binary(0x88),
  extend_i32_u: unary(0xad),
  load: load(0x29),
  store: store(0x37),
};

export const f64 = {
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  ne: binary(0x62),
  lt: binary(0x63),
  gt: binary(0x64),
  ge: binary(0x66),
  floor: unary(0x9c),
  trunc: unary(0x9d),
  add: binary(0xa0),
  mul: binary(0xa2),
  div: binary(0xa3),
  convert_i32_u: unary(0xb8),
  convert_i64_u: unary(0xba),
  load: load(0x2b),
  store: store(0x39),
};

/** Sixteen bytes at once. */
export const v128 = {
  const: (bytes: Iterable<number>): Code => [SIMD, 0x0c, ...bytes],
  /** The same byte sixteen times. */
  all: (byte: number): Code => [SIMD, 0x0c, ...new Array<number>(16).fill(byte)],
  load: load(SIMD, 0x00),
  eq: binary(SIMD, 0x23),
  le_u: binary(SIMD, 0x2a),
  and: binary(SIMD, 0x4e),
  or: binary(SIMD, 0x50),
  xor: binary(SIMD, 0x51),
  any_true: unary(SIMD, 0x53),
  /** One bit for each byte that has its top bit. */
  bitmask: unary(SIMD, 0x64),
};

const NO_RESULT = 0x40;
const END = 0x0b;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)];
/** `set` that also gives the value. */
export const tee = (local: number, value: Code): Code => [value, 0x22, unsigned(local)];
export const call = (index: number, ...operands: readonly Code[]): Code => [operands, 0x10, unsigned(index)];
export const give = (value: Code): Code => [value, 0x0f];
export const memoryCopy = (to: Code, from: Code, length: Code): Code => [to, from, length, 0xfc, 10, 0, 0];

export const when = (condition: Code, ...then: readonly Code[]): Code => [condition, 0x04, NO_RESULT, then, END];
export const choose = (condition: Code, then: Code, otherwise: Code): Code => [
  condition,
  0x04,
  NO_RESULT,
  then,
  0x05,
  otherwise,
  END,
];
/** Runs once; `again` in it begins anew. */
export const loop = (...body: readonly Code[]): Code => [0x03, NO_RESULT, body, END];
/** Begins the loop anew that stands around so many `when` and `choose`. */
export const again = (depth: number): Code => [0x0c, depth];

/** LEB128, as the format writes all integers. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && byte < 0x40) || (rest === -1 && byte >= 0x40);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}

function signedLong(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && byte < 0x40) || (rest === -1n && byte >= 0x40);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}
