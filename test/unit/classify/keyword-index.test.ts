import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createKeywordIndex } from '../../../src/classify/keyword-index.ts';

describe('createKeywordIndex', () => {
  it('finds keywords that overlap, in any case', () => {
    const find = createKeywordIndex([
      [[['she']], 1],
      [[['he']], 2],
      [[['hers']], 3],
      [[['his']], 4],
      [[['过载']], 5],
    ]);
    assert.deepEqual([...find('usHERS 模型过载')].sort(), [1, 2, 3, 5]);
    assert.deepEqual([...find('hi s')], []);
  });

  it('finds a value when each of its clues has a keyword in the text, in any order', () => {
    const find = createKeywordIndex([
      [[['limit', 'quota'], ['day']], 'daily'],
      [[['limit', 'quota'], ['minute']], 'rpm'],
      [[['limit'], ['limit']], 'twice'],
    ]);
    assert.deepEqual(find('per day: quota reached'), ['daily']);
    assert.deepEqual([...find('limit per minute')].sort(), ['rpm', 'twice']);
    assert.deepEqual(find('day, minute'), []);
  });

  it('finds at least what a plain search finds', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'C'), minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ') }),
        (words, text) => {
          const found = createKeywordIndex(words.map((keyword) => [[[keyword]], keyword] as const))(text);
          for (const keyword of words) {
            if (text.toLowerCase().includes(keyword.toLowerCase())) assert.ok(found.includes(keyword), keyword);
          }
        },
      ),
    );
  });
});
