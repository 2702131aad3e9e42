import { globSync, readFileSync } from 'node:fs';
import { CAUSES } from '../../src/classify/causes.ts';
import { families } from '../../src/metrics/families.ts';
import { type Story, storiesOf } from '../support/rules/mutation/judge.ts';
import { type Mutant, mutantsOf } from '../support/rules/mutation/mutants.ts';
import { type Rule, readRuleFile } from '../support/rules/rule-file.ts';
import { createRuleSet, type RuleSet } from '../support/rules/rule-set.ts';
import { closureOf, readTestFile } from '../support/rules/test-file.ts';

/** Values to swap a matched one for: each list is a ring. */
const values = {
  code: ['200', '400', '401', '403', '404', '408', '429', '499', '500', '502', '503', '504', '524', '529'],
  cause: CAUSES,
  stream: ['true', 'false'],
};

export interface Pack {
  readonly set: RuleSet;
  readonly stories: readonly Story[];
  readonly mutants: readonly Mutant[];
  /** Recordings that no alert and no story needs: they are for dashboards, and promtool has nothing to say of them. */
  readonly untested: readonly Rule[];
}

/** The shipped rules, their stories and their mutants. */
export function readPack(): Pack {
  const { groups } = readRuleFile(readFileSync('alerts/llm.rules.yml', 'utf8'));
  const set = createRuleSet(groups, new Map(Object.entries(families)));
  const files = globSync('alerts/tests/**/*.yml').map(
    (path) => [path.replace('alerts/tests/', ''), readTestFile(readFileSync(path, 'utf8'))] as const,
  );
  const stories = storiesOf(files, set);
  const needed = new Set([...closureOf(set.alerts, set), ...stories.flatMap(({ rules }) => [...rules])]);
  const untested = set.rules.filter((rule) => !needed.has(rule));
  return { set, stories, mutants: mutantsOf(set, { values, except: new Set(untested) }), untested };
}
