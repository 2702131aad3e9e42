import type { TestContext } from 'node:test';
import { type ChildOptions, type ChildProgram, startChild } from '../../src/demo/program/child-program.ts';

/** A program that is stopped when the test ends. */
export function startProcess(t: TestContext, options: ChildOptions): ChildProgram {
  const child = startChild(options);
  t.after(() => child.stop());
  return child;
}
