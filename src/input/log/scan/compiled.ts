import type { LogFormat } from '../formats/log-format.ts';
import type { LineResult } from '../parsed-line.ts';
import { bytesOf } from './bytes.ts';
import { createChoices } from './choices.ts';
import { compileFollow, type Follow } from './compile-follow.ts';
import { type Line, valueIn } from './line.ts';
import { createReading, type Meaning } from './reading.ts';
import { rolesOf } from './roles.ts';
import { createFound, type Slot, type Writing } from './slot.ts';

/** One value of a shape and what stands behind it. */
export interface Part {
  readonly writing: Writing;
  /** Undefined for what no field can be read from. */
  readonly place: string | undefined;
  readonly after: Uint8Array;
}

/** A shape of lines, and what to make of them. */
export interface CompiledShape {
  readonly follow: Follow;
  /** What the line is that was followed last. Undefined: of another kind, by a value. */
  readonly read: () => LineResult | undefined;
}

export interface CompileOptions extends Meaning {
  readonly line: Line;
  readonly format: LogFormat;
  readonly head: Uint8Array;
  readonly parts: readonly Part[];
  readonly objects: readonly string[];
}

export function compileShape(options: CompileOptions): CompiledShape | undefined {
  const { line, format, head, parts } = options;
  const roles = rolesOf(format, new Set(parts.flatMap(({ place }) => place ?? [])));
  const slots = parts.map(({ writing, place, after }, index): Slot => {
    const use = roles.uses.get(place ?? '') ?? 'skip';
    const remember = use === 'choice' || use === 'time';
    const choices = remember ? createChoices((from, to) => valueIn(line, writing, from, to), after.length) : undefined;
    return { index, use, writing, place: place ?? '', after: bytesOf(after), choices };
  });
  const found = createFound(slots.length);
  const follow = compileFollow(bytesOf(head), slots, found);
  return follow && { follow, read: createReading({ ...options, found, slots, roles }) };
}
