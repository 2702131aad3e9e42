import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { families } from '../../../src/metrics/families.ts';
import { formatProblem } from '../../../src/problem.ts';
import { lintRules } from '../../support/rules/lint.ts';
import type { Exception } from '../../support/rules/lint-options.ts';

const RULES = 'alerts/llm.rules.yml';

/** Where the shipped rules break a check on purpose. */
const exceptions: readonly Exception[] = [];

test('the shipped rules pass every check', () => {
  const pages = globSync('alerts/runbooks/*.md').map((path) => basename(path, '.md'));
  const problems = lintRules(readFileSync(RULES, 'utf8'), {
    file: RULES,
    series: new Map(Object.entries(families)),
    runbooks: new Set(pages),
    exceptions,
  });
  assert.deepEqual(problems.map(formatProblem), []);
});
