import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { formatProblem, ProblemError } from '../../src/problem.ts';

/** Every message that `load` refuses something with, as `name:line:column: text`. */
export function problemsOf(load: () => unknown): string[] {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error));
    return error.problems.map((problem) => formatProblem({ ...problem, file: problem.file && basename(problem.file) }));
  }
  assert.fail('was accepted');
}

/** What the head of a bad example says about it: the problems it must be refused with, each behind `#! `. */
export function problemsInHead(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('#! '))
    .map((line) => line.slice('#! '.length));
}
