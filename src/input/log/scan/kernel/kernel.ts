import type { Shape } from '../slot.ts';
import { AT, HEAD, KIND, MAX_ROWS, PAGES, type Space, VERDICT } from '../space.ts';
import { findEngine } from '../wasm/engine.ts';
import { again, type Code, choose, get, give, i32, loop, set, when } from '../wasm/instructions.ts';
import { encodeModule, Locals, type Routine } from '../wasm/module.ts';
import { endOfAnyString, endOfBare } from './ends.ts';
import { readLine } from './line.ts';
import { checkNumbers, countUp, findKind, writeRow } from './rows.ts';
import { CALL, createScope } from './scope.ts';
import { findValue, keepValue } from './values.ts';

/** The scanner of lines of one shape, in WebAssembly. Places are those of the space. */
export interface Kernel {
  /**
   * Reads lines into rows, from `at` on, behind whose last newline is `limit`; returns where the first line begins that is none of a kind
   * that is known, or `limit`. `shape` tells apart the kinds of different shapes.
   */
  run(at: number, limit: number, shape: number): number;
  /**
   * Looks at one line for the rules: notes where its values are, puts its numbers into the spare row and looks for its kind. Returns where
   * it ends; -1 for a line that may be of another shape.
   */
  follow(at: number, shape: number): number;
}

const head = (field: keyof typeof HEAD): Code => i32.const(AT.head + 4 * HEAD[field]);

/**
 * Compiles the shape of a line to code of its own, with its literals in it: one loop for all shapes would look up for each value what
 * stands in the code here. It is WebAssembly as V8 makes good code of that at once: JavaScript is slow for the first hundred thousand lines, and
 * has no instructions for sixteen bytes. Log lines cannot get into the code: of a shape there are only numbers in it.
 */
export function compileKernel(shape: Shape, { memory }: Space): Kernel | undefined {
  const engine = findEngine();
  if (engine === undefined) return undefined;
  const functions = [
    ...[findValue(), keepValue(CALL.findValue), endOfBare(), endOfAnyString(), run(shape), follow(shape)],
  ];
  const module = new engine.Module(encodeModule(functions, PAGES));
  const { exports } = new engine.Instance(module, { space: { memory } });
  // Safe: the module exports exactly these functions, with these parameters.
  return exports as Kernel;
}

function run(shape: Shape): Routine {
  const locals = new Locals();
  const [at, limit, number] = [locals.add('i32'), locals.add('i32'), locals.add('i32')];
  const [row, kind, entry, verdict] = [locals.add('i32'), locals.add('i32'), locals.add('i32'), locals.add('i32')];
  const fail = give(get(at));
  const scope = createScope(locals, at, fail, false);
  const isVerdict = (wanted: number) => i32.eq(get(verdict), i32.const(wanted));
  const line = [
    ...when(i32.ge_u(get(at), get(limit)), fail),
    ...set(row, i32.load(head('rows'))),
    ...when(i32.ge_u(get(row), i32.const(MAX_ROWS)), fail),
    ...leaveWrapped(at, fail),
    ...set(scope.blanks, i32.const(0)),
    ...readLine(shape, scope),
    // Up to the newline: a carriage return counts, as it does where lines are cut out.
    ...when(i32.gt_u(i32.sub(i32.sub(get(scope.next), i32.const(1)), get(at)), i32.load(head('maxLineBytes'))), fail),
    ...checkNumbers(shape, scope, fail),
    ...findKind(scope, { kind, entry, shape: number, unknown: fail }),
    ...set(verdict, i32.load(get(entry), 4 * KIND.verdict)),
    ...when(isVerdict(VERDICT.ask), fail),
    ...choose(isVerdict(VERDICT.filtered), countUp('filtered'), [
      ...i32.store(i32.mul(get(row), i32.const(4)), get(kind), AT.kindOf),
      ...writeRow(shape, scope, row),
      ...countUp('rows'),
    ]),
    ...set(at, get(scope.next)),
  ];
  return { parameters: 3, locals, body: [...loop(line, again(0)), 0x00], name: 'run' };
}

/** `{"log":…` of Docker, and the time at the head of a line that containerd wrote: see `wrapper.ts`. */
function leaveWrapped(at: number, fail: Code): Code {
  const is = (character: string, offset: number) =>
    i32.eq(i32.load8_u(get(at), offset), i32.const(character.charCodeAt(0)));
  const isWrapped = i32.or(is('l', 2), i32.and(is('-', 4), is('T', 10)));
  return when(i32.load(head('leavesWrapped')), when(isWrapped, fail));
}

function follow(shape: Shape): Routine {
  const locals = new Locals();
  const [at, number] = [locals.add('i32'), locals.add('i32')];
  const [kind, entry] = [locals.add('i32'), locals.add('i32')];
  const scope = createScope(locals, at, give(i32.const(-1)), true);
  const ids = () => scope.ids.flatMap((id, index) => i32.store(i32.const(AT.ids + 4 * index), get(id)));
  const body = [
    ...i32.store(head('isOdd'), i32.const(0)),
    ...i32.store(head('isKnown'), i32.const(1)),
    ...readLine(shape, scope),
    ...checkNumbers(shape, scope, i32.store(head('isOdd'), i32.const(1))),
    ...writeRow(shape, scope, undefined),
    ...ids(),
    ...i32.store(head('blanks'), get(scope.blanks)),
    ...findKind(scope, { kind, entry, shape: number, unknown: i32.store(head('isKnown'), i32.const(0)) }),
    ...i32.store(head('kind'), get(kind)),
    ...get(scope.place),
  ];
  return { parameters: 2, locals, body, name: 'follow' };
}
