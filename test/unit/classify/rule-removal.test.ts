import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue, withRules } from '../../../src/classify/catalogue.ts';
import { type Classification, classify } from '../../../src/classify/classify.ts';
import { eventOf, RULE_CASES } from './rule-cases.ts';

const catalogue = loadCatalogue();
const cases = Object.entries(RULE_CASES).map(([name, ruleCase]) => {
  const event = eventOf(ruleCase);
  const { context } = ruleCase;
  return { name, event, context, verdict: classify(event, catalogue, context) };
});

/** Names of the cases that are judged otherwise when a rule is gone. */
function changedWithout(id: string): readonly string[] {
  const rest = withRules(
    catalogue,
    catalogue.rules.filter((rule) => rule.id !== id),
  );
  return cases
    .filter(({ event, context, verdict }) => !isSame(classify(event, rest, context), verdict))
    .map(({ name }) => name);
}

function isSame(a: Classification, b: Classification): boolean {
  return a.cause === b.cause && a.basis === b.basis && a.rule === b.rule;
}

test('taking a rule away changes the verdict on the case that it is there for', () => {
  const dead = catalogue.rules.map(({ id }) => id).filter((id) => !changedWithout(id).includes(id));
  assert.deepEqual(dead, []);
});
