import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ErrorFacts, MAX_ERROR_MESSAGE_BYTES } from '../../../src/event/request-event.ts';
import { readErrorBody } from '../../../src/provider/error-body.ts';

/** The facts that are there, without the absent ones. */
function factsOf(...input: Parameters<typeof readErrorBody>): ErrorFacts {
  return JSON.parse(JSON.stringify(readErrorBody(...input)));
}

describe('readErrorBody', () => {
  const SHAPES: readonly (readonly [what: string, body: string, facts: ErrorFacts])[] = [
    [
      'an error object',
      '{"error":{"message":"No such model","type":"invalid_request_error","code":"model_not_found"}}',
      { shape: 'json', code: 'model_not_found', type: 'invalid_request_error', message: 'No such model' },
    ],
    ['an error string', '{"error":"Unauthorized"}', { shape: 'json', message: 'Unauthorized' }],
    [
      'an error type beside an error string',
      '{"error":"Model is overloaded","error_type":"Overloaded"}',
      { shape: 'json', code: 'Overloaded', message: 'Model is overloaded' },
    ],
    [
      'no error key',
      '{"code":403,"reason":"NOT_ENOUGH_BALANCE","message":"not enough balance","metadata":{}}',
      { shape: 'json', code: 'NOT_ENOUGH_BALANCE', message: 'not enough balance', status: 403 },
    ],
    ['a FastAPI detail', '{"detail":"Unauthorized"}', { shape: 'json', message: 'Unauthorized' }],
    [
      'a FastAPI list of details',
      '{"detail":[{"loc":["body","messages"],"msg":"field required","type":"value_error"}]}',
      { shape: 'json', type: 'value_error', message: 'field required' },
    ],
    [
      'a list around the error',
      '[{"error":{"code":429,"message":"Resource exhausted.","status":"RESOURCE_EXHAUSTED"}}]',
      { shape: 'json', type: 'RESOURCE_EXHAUSTED', message: 'Resource exhausted.', status: 429 },
    ],
    [
      "Google's reason among the details",
      '{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}',
      { shape: 'json', code: 'API_KEY_INVALID', type: 'INVALID_ARGUMENT', message: 'API key not valid.', status: 400 },
    ],
    [
      'an inner error',
      '{"error":{"code":"invalid","innererror":{"code":"ResponsibleAIPolicyViolation"}}}',
      { shape: 'json', code: 'ResponsibleAIPolicyViolation' },
    ],
    [
      'JSON inside metadata.raw',
      '{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\\"reason\\":\\"INVALID_REQUEST_BODY\\",\\"message\\":\\"no\\"}"}}}',
      {
        shape: 'json',
        code: 'INVALID_REQUEST_BODY',
        message: 'no\n{"reason":"INVALID_REQUEST_BODY","message":"no"}\nProvider returned error',
        status: 400,
      },
    ],
    [
      'JSON with words after it',
      '{"message":"Tool not found","code":400}\nPlease check this guide',
      { shape: 'json', message: 'Tool not found', status: 400 },
    ],
    [
      'JSON that was cut',
      '{"error":{"type":"BAD_REQUEST","message":"does not support \\"tools\\" yet","param": nu',
      { shape: 'json', type: 'BAD_REQUEST', message: 'does not support "tools" yet' },
    ],
    [
      'JSON that was cut inside its message',
      '{"error":{"type":"rate_limit_error","message":"This would exceed your li',
      { shape: 'json', type: 'rate_limit_error', message: 'This would exceed your li' },
    ],
    [
      'a Python repr',
      `{'type': 'error', 'error': {'type': 'rate_limit_error', 'message': "your organization's limit"}}`,
      { shape: 'json', type: 'rate_limit_error', message: "your organization's limit" },
    ],
    [
      'an AWS type with a namespace',
      '{"__type":"com.amazon.coral#ThrottlingException","message":"slow"}',
      { shape: 'json', type: 'ThrottlingException', message: 'slow' },
    ],
    [
      'a code that is a sentence',
      '{"code":"Some resource has been exhausted","error":"Too many requests"}',
      { shape: 'json', message: 'Too many requests\nSome resource has been exhausted' },
    ],
    [
      'a code that repeats the status',
      '{"error":{"code":"429","message":"slow"}}',
      { shape: 'json', message: 'slow', status: 429 },
    ],
    [
      'a numeric code of its own',
      '{"error":{"code":1302,"message":"x"}}',
      { shape: 'json', code: '1302', message: 'x' },
    ],
    ['a JSON string', '"Invalid token"', { shape: 'json', message: 'Invalid token' }],
    ['plain text', 'no healthy upstream', { shape: 'text', message: 'no healthy upstream' }],
    [
      'text with a type before it',
      'ThrottlingException: Too many requests',
      { shape: 'text', type: 'ThrottlingException', message: 'ThrottlingException: Too many requests' },
    ],
    [
      'an HTML page',
      '<html><head><title>502 Bad Gateway</title></head></html>',
      { shape: 'html', message: '502 Bad Gateway' },
    ],
    [
      'an SSE frame',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      { shape: 'json', type: 'overloaded_error', message: 'Overloaded' },
    ],
    ['nothing', '', { shape: 'empty' }],
    ['white space', ' \r\n', { shape: 'empty' }],
    ['JSON that says nothing', '{}', { shape: 'json' }],
  ];
  for (const [what, body, facts] of SHAPES) {
    it(`reads ${what}`, () => {
      assert.deepEqual(factsOf(body), facts);
      assert.deepEqual(factsOf(Buffer.from(body)), facts);
    });
  }

  it('unwraps what an SDK or a log has put around the body', () => {
    const { code, message } = factsOf(
      `Error code: 403 - {'code': 403, 'reason': 'NOT_ENOUGH_BALANCE', 'message': 'no money'}`,
    );
    assert.equal(code, 'NOT_ENOUGH_BALANCE');
    assert.match(message ?? '', /^no money\n/);
    assert.equal(factsOf('API error 429: {"error":{"code":"slow_down"}}').code, 'slow_down');
  });

  it('marks a challenge page of Cloudflare', () => {
    const page = '<!doctype html><title>Just a moment</title><script src="/cdn-cgi/challenge-platform/h"></script>';
    assert.equal(factsOf(page).code, 'cloudflare_challenge');
  });

  it('reads no prompt and no completion', () => {
    const body =
      '{"choices":[{"message":{"role":"assistant","content":"rate limit"},"finish_reason":"content_filter"}]}';
    assert.deepEqual(factsOf(body), { shape: 'json', code: 'content_filter' });
  });

  it('finds a code behind a message of any length', () => {
    for (const length of [5_000, 100_000, 10_000_000]) {
      const body = JSON.stringify({
        error: { message: 'é'.repeat(length), type: 'invalid_request_error', code: 'context_length_exceeded' },
      });
      for (const given of [body, Buffer.from(body)]) {
        const { code, type, message } = factsOf(given);
        assert.equal(code, 'context_length_exceeded');
        assert.equal(type, 'invalid_request_error');
        assert.ok(Buffer.byteLength(message ?? '') <= MAX_ERROR_MESSAGE_BYTES);
        assert.match(message ?? '', /^é+$/);
      }
    }
  });

  it('survives nesting made to hurt', () => {
    assert.equal(factsOf('['.repeat(30_000)).shape, 'json');
    assert.equal(factsOf(`${'{"error":'.repeat(3_000)}1${'}'.repeat(3_000)}`).shape, 'json');
    const wide = JSON.stringify({ errors: Array.from({ length: 3_000 }, (_, index) => ({ message: `m${index}` })) });
    assert.ok((factsOf(wide).message ?? '').length <= MAX_ERROR_MESSAGE_BYTES);
  });

  it('takes no field of every object for a reason', () => {
    assert.deepEqual(factsOf('{"choices":[{"finish_reason":"constructor"}]}'), { shape: 'json' });
  });

  it('answers anything within its bounds', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const text = fc.string({
      unit: fc.constantFrom(...'{}[]"\':,\\<>/! \n', 'error', 'message', 'code', 'data: ', '429', 'é'),
      maxLength: 80,
    });
    fc.assert(
      fc.property(
        fc.oneof(bytes, text, fc.json(), fc.string()),
        fc.option(fc.string(), { nil: undefined }),
        (body, contentType) => {
          const facts = readErrorBody(body, { contentType });
          assert.ok(['json', 'html', 'text', 'empty'].includes(facts.shape ?? ''));
          assert.ok(Buffer.byteLength(facts.message ?? '') <= MAX_ERROR_MESSAGE_BYTES);
        },
      ),
    );
  });
});
