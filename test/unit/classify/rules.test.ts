import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { CAUSES } from '../../../src/classify/causes.ts';
import { classify } from '../../../src/classify/classify.ts';
import { eventOf, RULE_CASES } from './rule-cases.ts';

const catalogue = loadCatalogue();

describe('rules of the catalogue', () => {
  for (const { id, cause, basis } of catalogue.rules) {
    it(`${id} leads to ${cause}`, () => {
      const ruleCase = RULE_CASES[id];
      assert.ok(ruleCase, `no case for rule ${id} in rule-cases.ts`);
      assert.deepEqual(classify(eventOf(ruleCase), catalogue, ruleCase.context), { cause, basis, rule: id });
    });
  }

  it('has no case for a rule that is gone', () => {
    const ids = new Set(catalogue.rules.map((rule) => rule.id));
    assert.deepEqual(
      Object.keys(RULE_CASES).filter((id) => !ids.has(id)),
      [],
    );
  });

  it('reaches every cause', () => {
    const reached = new Set<string>(['none', ...catalogue.rules.map((rule) => rule.cause)]);
    assert.deepEqual(
      CAUSES.filter((cause) => !reached.has(cause)),
      [],
    );
  });
});
