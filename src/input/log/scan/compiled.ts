import type { LogFormat } from '../formats/log-format.ts';
import { compileKernel, type Kernel } from './kernel/kernel.ts';
import { numberUses } from './number-uses.ts';
import { createReading, type Meaning, type Reading } from './reading.ts';
import { rolesOf } from './roles.ts';
import type { Slot, Writing } from './slot.ts';
import { MAX_CHOICES, MAX_SLOTS, type Space } from './space.ts';

/** One value of a shape and what stands behind it. */
export interface Part {
  readonly writing: Writing;
  /** Undefined for what no field can be read from. */
  readonly place: string | undefined;
  readonly after: Uint8Array;
}

/** A shape of lines, and what to make of them. */
export interface CompiledShape extends Reading {
  /** As the kernel's functions of these names. */
  readonly run: (at: number, limit: number) => number;
  readonly follow: (at: number) => number;
}

export interface CompileOptions extends Meaning {
  readonly space: Space;
  readonly format: LogFormat;
  readonly isText: boolean;
  readonly head: Uint8Array;
  readonly parts: readonly Part[];
  readonly objects: readonly string[];
}

/** Shapes are told apart by a number, whoever knows them. */
let shapes = 0;

export function compileShape(options: CompileOptions): CompiledShape | undefined {
  const { space, format, isText, head, parts, unitOf } = options;
  const roles = rolesOf(format, new Set(parts.flatMap(({ place }) => place ?? [])));
  const numbers = numberUses(roles, unitOf);
  const slots = parts.map(({ writing, place = '', after }, index): Slot => {
    const use = roles.uses.get(place) ?? 'skip';
    return { index, use, writing, place, after, number: use === 'number' ? numbers.get(place) : undefined };
  });
  if (slots.length > MAX_SLOTS || slots.filter(({ use }) => use === 'choice').length > MAX_CHOICES) return undefined;
  const kernel: Kernel | undefined = compileKernel({ head, slots, isText }, space);
  if (kernel === undefined) return undefined;
  shapes += 1;
  const shape = shapes;
  const follow = (at: number) => kernel.follow(at, shape);
  const reading = createReading({ ...options, slots, roles, shape, follow });
  return { ...reading, follow, run: (at, limit) => kernel.run(at, limit, shape) };
}
