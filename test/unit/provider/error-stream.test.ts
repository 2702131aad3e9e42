import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ErrorFacts } from '../../../src/event/request-event.ts';
import { readStreamError } from '../../../src/provider/error-body.ts';

/** Code, type and message of the error in a frame, without the absent ones. */
function errorOf(frame: string): Pick<ErrorFacts, 'code' | 'type' | 'message'> | undefined {
  const facts = readStreamError(frame);
  if (facts === undefined) return undefined;
  const { code, type, message } = facts;
  return JSON.parse(JSON.stringify({ code, type, message }));
}

describe('readStreamError', () => {
  const ERRORS: readonly (readonly [who: string, frame: string, facts: ErrorFacts])[] = [
    [
      'OpenAI chat',
      '{"error":{"message":"The server had an error","type":"server_error","code":null}}',
      { type: 'server_error', message: 'The server had an error' },
    ],
    [
      'OpenAI Responses',
      '{"type":"response.failed","response":{"id":"r","error":{"code":"rate_limit_exceeded","message":"slow"}}}',
      { code: 'rate_limit_exceeded', type: 'response.failed', message: 'slow' },
    ],
    [
      'an OpenAI Responses error event',
      '{"type":"error","code":"ERR_X","message":"wrong","param":null,"sequence_number":1}',
      { code: 'ERR_X', message: 'wrong' },
    ],
    [
      'OpenAI Realtime',
      '{"type":"response.done","response":{"status":"failed","status_details":{"type":"failed","error":{"code":"rate_limit_exceeded","message":"slow"}}}}',
      { code: 'rate_limit_exceeded', type: 'failed', message: 'slow' },
    ],
    [
      'Azure Responses',
      '{"code":"rate_limit_exceeded","message":"slow"}',
      { code: 'rate_limit_exceeded', message: 'slow' },
    ],
    [
      'Anthropic',
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      { type: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      'OpenRouter',
      '{"id":"g","error":{"code":502,"message":"Provider disconnected","metadata":{"error_type":"provider_unavailable"}},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}',
      { code: 'provider_unavailable', message: 'Provider disconnected' },
    ],
    [
      'Gemini',
      '{"event_type":"error","error":{"code":"not_found","message":"gone"}}',
      { code: 'not_found', message: 'gone' },
    ],
    [
      'Gemini in a list',
      '[{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}]',
      { type: 'UNAVAILABLE', message: 'overloaded' },
    ],
    [
      'TGI',
      '{"error":"Model is overloaded","error_type":"overloaded"}',
      { code: 'overloaded', message: 'Model is overloaded' },
    ],
    [
      'old vLLM',
      '{"object":"error","message":"bad","type":"BadRequestError","code":400}',
      { type: 'BadRequestError', message: 'bad' },
    ],
    ['MiniMax', '{"type":"api_error","message":"unknown error"}', { type: 'api_error', message: 'unknown error' }],
    ['Cohere', '{"type":"message-end","delta":{"finish_reason":"TIMEOUT"}}', { code: 'timeout', type: 'message-end' }],
    [
      "MiniMax's own API",
      '{"base_resp":{"status_code":1002,"status_msg":"rate limit"}}',
      { code: '1002', message: 'rate limit' },
    ],
    [
      'Qianfan',
      '{"error_code":18,"error_msg":"Open api qps request limit reached"}',
      { code: '18', message: 'Open api qps request limit reached' },
    ],
    [
      'old llama.cpp',
      '{"code":500,"message":"slot failed","type":"server_error"}',
      { type: 'server_error', message: 'slot failed' },
    ],
    ["Cohere's first API", '{"event_type":"stream-end","finish_reason":"ERROR_TOXIC"}', { code: 'error_toxic' }],
    ['a content filter', '{"choices":[{"delta":{},"finish_reason":"content_filter"}]}', { code: 'content_filter' }],
    ["Gemini's safety filter", '{"candidates":[{"finishReason":"SAFETY","index":0}]}', { code: 'safety' }],
    [
      'a prompt that Gemini blocked',
      '{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}',
      { code: 'prohibited_content' },
    ],
    ['a gateway with a number for all it knows', '{"error":{"code":502,"message":""},"choices":[]}', {}],
    ['a gateway with words of its own', '{"error":{"errorText":"no route"},"choices":[]}', {}],
    ['an API with a list of errors', '{"error":[{"code":"","message":"gone"}]}', { message: 'gone' }],
    [
      'a frame that was cut',
      '{"error":{"message":"does not support","type":"BAD_REQUEST","par',
      { type: 'BAD_REQUEST', message: 'does not support' },
    ],
  ];
  for (const [who, frame, facts] of ERRORS) {
    it(`reads the error of ${who}`, () => assert.deepEqual(errorOf(frame), facts));
  }

  const ORDINARY: readonly string[] = [
    '[DONE]',
    '',
    '{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"{\\"error\\":{\\"code\\":429}}"},"finish_reason":null}]}',
    '{"choices":[{"delta":{"content":"an error"},"finish_reason":"stop"}]}',
    '{"choices":[{"delta":{},"finish_reason":"length"}]}',
    '{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"MAX_TOKENS"}]}',
    '{"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null}}',
    '{"choices":[{"delta":{"refusal":"I cannot"},"finish_reason":null}]}',
    '{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}',
    '{"choices":[{"delta":{"content":"x"}}],"base_resp":{"status_code":0,"status_msg":""}}',
    '{"code":"success","message":"","data":{}}',
    '{"code":0,"message":"ok"}',
    '{"type":"response.created","response":{"id":"r","status":"in_progress","error":null}}',
    '{"type":"response.completed","response":{"status":"completed","error":null,"usage":{}}}',
    '{"type":"message_start","message":{"id":"m","type":"message","role":"assistant"}}',
    '{"choices":[{"delta":{"tool_calls":[{"function":{"name":"run","arguments":"{\\"code\\""}}]}}]}',
    '{"type":"response.code_interpreter_call_code.done","code":"print(1)","item_id":"x"}',
    '{"choices":[{"delta":{"content":""},"content_filter_results":{"hate":{"filtered":false}},"finish_reason":null}]}',
    // OpenAI says so of a fine-tuning job without a fault, and gateways in Go write an empty struct likewise.
    '{"object":"fine_tuning.job","status":"succeeded","error":{"code":null,"message":null,"param":null}}',
    '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"error":{}}',
    '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"error":{"message":"","type":"","code":null}}',
    '{"choices":[{"message":{"content":"x"},"finish_reason":"stop","error":{"code":0,"message":"success"}}]}',
    '{"choices":[{"delta":{"content":"x"}}],"error":[]}',
    '{"choices":[{"delta":{"content":"x"}}],"error":"None"}',
    '{"type":"response.completed","response":{"error":{"code":"","message":""}}}',
    '{"error":null,"choices":[{"finish_reason":"eos","message":{"content":"cut',
  ];
  for (const frame of ORDINARY) {
    it(`sees no error in ${frame.slice(0, 90)}`, () => assert.equal(readStreamError(frame), undefined));
  }

  it('never throws', () => {
    const like = fc.string({
      unit: fc.constantFrom(...'{}[]":,\\', 'error', '"error"', '"code"', 'null', '1'),
      maxLength: 60,
    });
    fc.assert(fc.property(fc.oneof(like, fc.json(), fc.string()), (frame) => void readStreamError(frame)));
  });
});
