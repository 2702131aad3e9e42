import { type Code, flatten, unsigned } from './instructions.ts';

type Bytes = readonly number[];

const TYPES = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const;
type Type = keyof typeof TYPES;

/** The local variables of one function; its parameters are the first. */
export class Locals {
  readonly types: Type[] = [];

  add(type: Type): number {
    return this.types.push(type) - 1;
  }
}

/** A function of integers that gives an integer. */
export interface Routine {
  readonly parameters: number;
  /** With the parameters, which are i32. */
  readonly locals: Locals;
  readonly body: Code;
  /** The name that it is called by from outside. */
  readonly name?: string;
}

const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const [TYPE, IMPORT, FUNCTION, EXPORT, CODE] = [1, 2, 3, 7, 10];

/** The bytes of a module that works on the memory `space.memory` of at least `pages`. Functions call each other by their index. */
export function encodeModule(functions: readonly Routine[], pages: number): Uint8Array<ArrayBuffer> {
  const section = (id: number | undefined, items: readonly Bytes[]) =>
    sized([...unsigned(items.length), ...items.flat()], id ?? 0);
  const types = functions.map(({ parameters }) => [
    ...[0x60, ...unsigned(parameters), ...new Array<number>(parameters).fill(TYPES.i32)],
    ...[1, TYPES.i32],
  ]);
  const memory = [...name('space'), ...name('memory'), 0x02, 0x00, ...unsigned(pages)];
  const exported = functions.flatMap((one, index) =>
    one.name === undefined ? [] : [[...name(one.name), 0x00, ...unsigned(index)]],
  );
  return Uint8Array.from([
    ...HEAD,
    ...section(TYPE, types),
    ...section(IMPORT, [memory]),
    ...section(
      FUNCTION,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(EXPORT, exported),
    ...section(CODE, functions.map(bodyOf)),
  ]);
}

function bodyOf({ parameters, locals, body }: Routine): Bytes {
  const own = locals.types.slice(parameters).map((type) => [1, TYPES[type]]);
  return sized([...unsigned(own.length), ...own.flat(), ...flatten(body), 0x0b]);
}

function sized(content: Bytes, ...before: Bytes): Bytes {
  return [...before, ...unsigned(content.length), ...content];
}

function name(text: string): Bytes {
  return [...unsigned(text.length), ...Buffer.from(text, 'latin1')];
}
