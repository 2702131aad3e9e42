import { parse } from 'yaml';
import { families } from '../../src/metrics/families.ts';
import { readRuleFile } from '../support/rules/rule-file.ts';
import { createRuleSet } from '../support/rules/rule-set.ts';
import { readTestFile, rulesOfStory } from '../support/rules/test-file.ts';
import type { GroupJson } from './pack.ts';

/**
 * The rule file without the rules that a test file is not about: promtool evaluates all it is given at each step, and most tests are about
 * one alert of forty. A story that asks for all alerts keeps all of them.
 */
export function prunedRules(rules: string, tests: string): string {
  const { groups } = readRuleFile(rules);
  const set = createRuleSet(groups, new Map(Object.entries(families)));
  const needed = new Set(readTestFile(tests).tests.flatMap((story) => [...rulesOfStory(story, set)]));
  // Another test has promtool check the shape of the same text.
  const content = parse(rules) as { readonly groups: readonly GroupJson[] };
  const kept = content.groups.map((group, index) => ({
    ...group,
    rules: group.rules.filter((_, place) => {
      const rule = groups[index]?.rules[place];
      return rule !== undefined && needed.has(rule);
    }),
  }));
  // JSON is YAML, too.
  return JSON.stringify({ groups: kept.filter((group) => group.rules.length > 0) });
}
