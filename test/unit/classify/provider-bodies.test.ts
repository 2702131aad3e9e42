import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { classify } from '../../../src/classify/classify.ts';
import { eventOf } from './rule-cases.ts';

const TABLE = readFileSync(new URL('./provider-bodies.txt', import.meta.url), 'utf8');
const ROW = /^(?<provider>\w+) (?<code>\d+) (?<cause>\w+) ?(?<body>.*)$/gm;
const catalogue = loadCatalogue();

describe('bodies as providers write them', () => {
  for (const { groups = {} } of TABLE.matchAll(ROW)) {
    const { provider = '', code, cause, body = '' } = groups;
    it(`${provider} ${code} ${body.slice(0, 60)} is ${cause}`, () => {
      const found = classify(eventOf({ provider, code: Number(code), body }), catalogue);
      assert.equal(found.cause, cause, found.rule);
    });
  }
});
