import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue, withRules } from '../../../src/classify/catalogue.ts';
import { classify } from '../../../src/classify/classify.ts';
import type { Rule } from '../../../src/classify/rule.ts';
import { ORIGINS } from '../../../src/event/request-event.ts';
import { eventOf, RULE_CASES, type RuleCase } from './rule-cases.ts';

const catalogue = loadCatalogue();
const ofOne = new Map(catalogue.rules.map((rule) => [rule, withRules(catalogue, [rule])]));

/** What two cases say between them: of each fact, what the second says, if it says anything of it. */
const twoCases = fc.tuple(
  fc.constantFrom(...Object.values(RULE_CASES)),
  fc.constantFrom(...Object.values(RULE_CASES)),
  fc.option(fc.constantFrom(...ORIGINS), { nil: undefined }),
  fc.boolean(),
);

function mix([first, second, origin, takesCode]: typeof twoCases extends fc.Arbitrary<infer T> ? T : never) {
  const given: RuleCase = { ...first, ...second, code: takesCode ? second.code : first.code };
  const { error = eventOf(first).error } = eventOf(given);
  return {
    event: { ...eventOf(given), error, origin: origin ?? given.origin },
    context: given.context ?? first.context,
  };
}

test('the first rule that holds decides, and the first refinement of its cause that holds sharpens it', () => {
  fc.assert(
    fc.property(twoCases, (cases) => {
      const { event, context } = mix(cases);
      const decides = (rule: Rule) => classify(event, ofOne.get(rule) ?? catalogue, context).rule === rule.id;
      const deciding = catalogue.rules.find(decides);
      const refines = (rule: Rule) =>
        deciding !== undefined &&
        rule.refines?.includes(deciding.cause) === true &&
        classify(event, withRules(catalogue, [deciding, rule]), context).rule === rule.id;
      const expected = catalogue.rules.find(refines) ?? deciding;
      const { rule } = classify(event, catalogue, context);
      assert.ok(rule === expected?.id || (expected === undefined && ['success', 'no_rule'].includes(rule)), rule);
    }),
    { numRuns: 200 },
  );
});
