import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readStreamError } from '../../../src/provider/error-body.ts';
import { carriesContent, endsAnswer, frameUsage, tellsMore } from '../../../src/provider/stream-events.ts';

const OPENAI_ROLE =
  '{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}';
const OPENAI_TOKEN = '{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}';
const ANTHROPIC_START =
  '{"type":"message_start","message":{"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}';

test('knows the first token in each dialect', () => {
  const tokens = [
    OPENAI_TOKEN,
    '{"choices": [{"delta": {"content": "spaced"}}]}',
    '{"choices":[{"delta":{"reasoning_content":"hm"}}]}',
    '{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\\"a"}}]}}]}',
    '{"choices":[{"text":"x"}]}',
    '{"type":"response.output_text.delta","delta":"x"}',
    '{"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}}',
    '{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"x"}}',
    '{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}',
  ];
  for (const data of tokens) assert.ok(carriesContent(data), data);
  for (const data of [OPENAI_ROLE, ANTHROPIC_START, '[DONE]', '{"type":"ping"}'])
    assert.ok(!carriesContent(data), data);
});

test('knows the end of an answer in each dialect', () => {
  const ends: readonly (readonly [string, string])[] = [
    ['', '[DONE]'],
    ['', '{"choices":[{"delta":{},"finish_reason":"stop"}]}'],
    ['', '{"choices": [{"delta": {}, "finish_reason": "length"}]}'],
    ['message_stop', '{"type":"message_stop"}'],
    ['', '{"type":"message_delta","delta":{"stop_reason":"end_turn"}}'],
    ['response.completed', '{"type":"response.completed","response":{}}'],
    ['response.completed', ''],
    ['', '{"type":"response.incomplete"}'],
    ['', '{"candidates":[{"finishReason":"STOP"}]}'],
  ];
  for (const [event, data] of ends) assert.ok(endsAnswer(event, data), data);
  for (const data of [OPENAI_ROLE, OPENAI_TOKEN, ANTHROPIC_START, '{"type":"ping"}', '']) {
    assert.ok(!endsAnswer('', data), data);
  }
});

test('a reason that is there and empty ends nothing', () => {
  assert.ok(!endsAnswer('', '{"choices":[{"delta":{"content":"Hi"},"finish_reason":""}]}'));
});

test('generated text that talks about an end is none', () => {
  const text = '{"finish_reason":"stop","error":{"message":"x"},"usage":{"prompt_tokens":1}} [DONE]';
  const data = JSON.stringify({ choices: [{ delta: { content: text }, finish_reason: null }] });
  assert.ok(!endsAnswer('', data));
  assert.equal(frameUsage(data), undefined);
});

test('reads usage out of the frames that hold it', () => {
  assert.equal(frameUsage(ANTHROPIC_START)?.input, 9);
  assert.equal(frameUsage(OPENAI_TOKEN), undefined);
  assert.equal(frameUsage('{"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2}}')?.output, 2);
});

test('a frame that is passed over says nothing, whatever it is made of', () => {
  const key = fc.constantFrom(
    ...['error', 'code', 'status_code', 'error_code', 'type', 'object', 'status', 'event_type', 'finish_reason'],
    ...['finishReason', 'stop_reason', 'blockReason', 'usage', 'usageMetadata', 'content', 'delta', 'message'],
  );
  const value = fc.constantFrom(
    ...['null', '0', '1002', '429', '""', '"stop"', '"error"', '"content_filter"', '"response.failed"', '"api_error"'],
    ...['"message_stop"', '{"message":"busy"}', '{"prompt_tokens":3,"completion_tokens":5}', '"Hi"', '"rate_limited"'],
  );
  const colon = fc.constantFrom(':', ': ', ' : ');
  const member = fc.tuple(key, colon, value).map(([name, between, said]) => `"${name}"${between}${said}`);
  const data = fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(',')}}`);
  const event = fc.constantFrom('', 'message', 'ping', 'error', 'message_stop', 'response.completed');
  let passedOver = 0;
  fc.assert(
    fc.property(event, fc.oneof(data, fc.constant('[DONE]')), (name, text) => {
      if (tellsMore(name, text)) return;
      passedOver += 1;
      assert.ok(name !== 'error' && !endsAnswer(name, text));
      assert.deepEqual([frameUsage(text), readStreamError(text)], [undefined, undefined]);
    }),
    { numRuns: 3000 },
  );
  assert.ok(passedOver > 100, `${passedOver} were passed over`);
});
