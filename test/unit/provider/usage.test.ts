import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUsage, mergeUsage, readUsage } from '../../../src/provider/usage.ts';

test('reads each API’s usage into one meaning', () => {
  assert.deepEqual(
    readUsage({
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    }),
    { input: 10, output: 5, cachedInput: 4, reasoning: 2 },
  );
  assert.deepEqual(readUsage({ input_tokens: 3, output_tokens: 2, output_tokens_details: { reasoning_tokens: 1 } }), {
    input: 3,
    output: 2,
    cachedInput: undefined,
    reasoning: 1,
  });
  assert.deepEqual(
    readUsage({ promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 2, cachedContentTokenCount: 1 }),
    { input: 7, output: 5, cachedInput: 1, reasoning: 2 },
  );
});

test('Anthropic input includes what the cache served and stored', () => {
  const usage = { input_tokens: 1, cache_read_input_tokens: 20, cache_creation_input_tokens: 300, output_tokens: 9 };
  assert.deepEqual(readUsage(usage), { input: 321, output: 9, cachedInput: 20, reasoning: undefined });
});

test('what is no count is not known', () => {
  for (const value of [null, 'x', 3, [], {}, { prompt_tokens: -1 }, { prompt_tokens: 1.5 }, { prompt_tokens: '7' }]) {
    assert.equal(readUsage(value), undefined, JSON.stringify(value));
  }
  assert.deepEqual(readUsage({ prompt_tokens: 0 })?.input, 0);
});

test('finds the last usage object in a piece of an answer', () => {
  const answer = {
    choices: [{ text: 'the "usage":{"prompt_tokens":99}' }],
    usage: { prompt_tokens: 1, note: 'a } brace' },
  };
  const text = JSON.stringify(answer);
  assert.equal(findUsage(text)?.input, 1);
  assert.equal(findUsage(text.slice(20))?.input, 1);
  assert.equal(findUsage(text.slice(0, -3)), undefined);
  assert.equal(findUsage('"usage":null'), undefined);
  assert.equal(findUsage(`"usage":{"prompt_tokens":1,"x":"${'y'.repeat(100_000)}"}`), undefined);
  assert.equal(findUsage('{"usageMetadata" : {"promptTokenCount":4}}')?.input, 4);
});

test('a later report wins field by field', () => {
  const merged = mergeUsage({ input: 5, output: 1 }, { output: 8 });
  assert.deepEqual(merged, { input: 5, output: 8, cachedInput: undefined, reasoning: undefined });
  assert.equal(mergeUsage(undefined, undefined), undefined);
});

test('a key without an object behind it hides none before it', () => {
  const text = '{"usage":{"prompt_tokens":3},"usage":null,"usage":"{","text":"\\"usage\\":{\\"prompt_tokens\\":9}"}';
  assert.deepEqual(findUsage(text)?.input, 3);
  assert.equal(findUsage('"usage":null'), undefined);
});
