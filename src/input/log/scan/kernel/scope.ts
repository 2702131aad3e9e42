import type { Slot } from '../slot.ts';
import type { Code } from '../wasm/instructions.ts';
import type { Locals } from '../wasm/module.ts';

/** The functions of a kernel's module, by their index. */
export const CALL = {
  findValue: 0,
  keepValue: 1,
  endOfBare: 2,
  endOfAnyString: 3,
  run: 4,
  follow: 5,
} as const;

/** What the code of one function shares: local variables, and what it does when a line is not for it. */
export interface Scope {
  readonly locals: Locals;
  /** Where the line begins. */
  readonly at: number;
  /** Where the value that is read begins, and where it ends. */
  readonly place: number;
  readonly end: number;
  /** Behind the newline. */
  readonly next: number;
  readonly bits: number;
  readonly vector: number;
  /** One bit for each number that is blank. */
  readonly blanks: number;
  /** The ids of the choices, in their order. */
  readonly ids: number[];
  /** The numbers. */
  readonly values: Map<Slot, number>;
  readonly timeMs: number;
  /** Leaves the function. */
  readonly fail: Code;
  /** One line is looked at, for the rules: what is unusual in it is noted, and where its values are. */
  readonly isFrame: boolean;
}

/** `at` is the first parameter. */
export function createScope(locals: Locals, at: number, fail: Code, isFrame: boolean): Scope {
  const integer = () => locals.add('i32');
  return {
    ...{ locals, at, place: integer(), end: integer(), next: integer(), bits: integer(), blanks: integer() },
    ...{ vector: locals.add('v128'), timeMs: locals.add('f64'), ids: [], values: new Map(), fail, isFrame },
  };
}
