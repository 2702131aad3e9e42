import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requiredLiterals, unboundedRepetition } from '../../../src/classify/pattern.ts';

describe('requiredLiterals', () => {
  const LITERALS: readonly (readonly [source: string, literals: readonly string[] | undefined])[] = [
    ['Model is overloaded', ['model is overloaded']],
    ['tokens?[ -]per min', ['per min']],
    ['no deployments? available', ['no deployment']],
    ['(?:high|heavy) (?:traffic|demand)', ['traffic', 'demand']],
    ['status code \\(no body\\)', ['status code (no body)']],
    ['\\bTPM\\b', ['tpm']],
    ['cat|horse', ['cat', 'horse']],
    ['(?:not )?found', ['found']],
    ['a{0,3}bcd', ['bcd']],
    ['not(?! to)', ['not']],
    ['余额不足', ['余额不足']],
    ['\\d{1,3}', undefined],
    ['cat|\\d{1,3}', undefined],
  ];
  for (const [source, literals] of LITERALS) {
    it(`finds ${JSON.stringify(literals)} in ${source}`, () => assert.deepEqual(requiredLiterals(source), literals));
  }
});

describe('unboundedRepetition', () => {
  for (const source of ['a.*b', '(?:ab)+', 'a{2,}']) {
    it(`finds one in ${source}`, () => assert.ok(unboundedRepetition(source)));
  }
  for (const source of ['a.{0,80}b', '\\* \\+', '[*+]', 'a{2}', 'x?']) {
    it(`finds none in ${source}`, () => assert.equal(unboundedRepetition(source), undefined));
  }
});
