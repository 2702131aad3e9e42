import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requiredLiterals } from '../../../src/classify/pattern.ts';

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
    ['\\u4f59\\u989d short', ['short']],
    ['\\x41\\x42 cat', ['cat']],
    ['(?<!not )found', ['found']],
    ['(?=long ahead)cat', ['cat']],
    ['\\d{1,3}', undefined],
    ['cat|\\d{1,3}', undefined],
  ];
  for (const [source, literals] of LITERALS) {
    it(`finds ${JSON.stringify(literals)} in ${source}`, () => assert.deepEqual(requiredLiterals(source), literals));
  }
});
