import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { BASES, CAUSES } from '../../../src/classify/causes.ts';
import { classify } from '../../../src/classify/classify.ts';
import { EXHAUSTED, ORIGINS, PHASES, type RequestEvent } from '../../../src/event/request-event.ts';
import { readErrorBody } from '../../../src/provider/error-body.ts';
import { eventOf } from './rule-cases.ts';

const catalogue = loadCatalogue();
const causeOf = (...given: Parameters<typeof eventOf>) => classify(eventOf(...given), catalogue).cause;

describe('classify', () => {
  it('calls an answer without an error a success', () => {
    for (const code of [200, 201, 204, 304]) assert.equal(causeOf({ code }), 'none');
    assert.equal(causeOf({ code: 200, flags: '-' }), 'none');
    assert.equal(causeOf({ code: 200, flags: '----' }), 'none');
    assert.equal(causeOf({ code: 200, flags: 'LR--' }), 'none');
  });

  it('allocates nothing for a success', () => {
    assert.equal(classify(eventOf({ code: 200 }), catalogue), classify(eventOf({ code: 204 }), catalogue));
  });

  it('never calls an error inside a 200 a success', () => {
    assert.equal(causeOf({ code: 200, error: { message: 'ouch' } }), 'internal_error');
    assert.equal(causeOf({ code: 200, body: '{"error":{"code":429,"message":"slow"}}' }), 'rate_limit_unspecified');
  });

  it('believes what the exporter saw over what a body says', () => {
    const error = { code: 'rate_limit_exceeded', message: 'Rate limit reached on tokens per min (TPM)' };
    assert.equal(causeOf({ code: 499, error }), 'client_aborted');
    assert.equal(causeOf({ code: 502, error, origin: 'network', phase: 'headers' }), 'upstream_bad_response');
  });

  it('believes the message over a status that lies', () => {
    assert.equal(
      causeOf({ code: 500, body: '{"error":{"type":"api_error","message":"Overloaded"}}' }),
      'model_overloaded',
    );
    assert.equal(causeOf({ code: 400, body: '{"error":{"message":"API key not valid."}}' }), 'auth_invalid_key');
  });

  it('tells a broken stream from a connection that never stood', () => {
    const error = { code: 'ECONNRESET' };
    assert.equal(causeOf({ code: 502, origin: 'network', phase: 'connect', error }), 'upstream_unreachable');
    assert.equal(causeOf({ code: 502, origin: 'network', phase: 'headers', error }), 'upstream_bad_response');
    assert.equal(causeOf({ code: 200, origin: 'network', phase: 'stream', error }), 'stream_interrupted');
  });

  it('calls a non-streaming answer long only at the timeout of its gateway', () => {
    const at = (durationSeconds: number, gatewayTimeoutSeconds?: number) =>
      classify(eventOf({ code: 504, stream: false, durationSeconds }), catalogue, { gatewayTimeoutSeconds }).cause;
    assert.equal(at(60), 'gateway_timeout_long_generation');
    assert.equal(at(58.2), 'gateway_timeout_long_generation');
    assert.equal(at(66), 'gateway_timeout_long_generation');
    assert.equal(at(50), 'upstream_timeout');
    assert.equal(at(70), 'upstream_timeout');
    assert.equal(at(60, 300), 'upstream_timeout');
    assert.equal(at(300.2, 300), 'gateway_timeout_long_generation');
  });

  it('goes by the time of the last try where it is known, and by none where there was no try', () => {
    const at = (durationSeconds: number, lastTry: RequestEvent['lastTry']) =>
      causeOf({ code: 504, stream: false, durationSeconds, lastTry });
    assert.equal(at(60, { durationSeconds: 0.2 }), 'upstream_timeout');
    assert.equal(at(60, {}), 'upstream_timeout');
    assert.equal(at(150, { durationSeconds: 60 }), 'gateway_timeout_long_generation');
    const flagged = { code: 504, stream: false, flags: 'UT', durationSeconds: 90 };
    assert.equal(causeOf(flagged), 'gateway_timeout_long_generation');
    assert.equal(causeOf({ ...flagged, lastTry: { durationSeconds: 29 } }), 'upstream_timeout');
  });

  it('lets headers sharpen a rate limit without a name, and never overturn one that has a name', () => {
    const rateLimit = { timeMs: 0, exhausted: ['requests', 'tokens'] } as const;
    const body = '{"error":{"message":"Rate limit exceeded"}}';
    assert.equal(causeOf({ code: 429, body, rateLimit }), 'rate_limit_rpm');
    assert.equal(causeOf({ code: 429, body, rateLimit, shouldRetry: false }), 'quota_exhausted');
    assert.equal(causeOf({ code: 429, body, rateLimit, retryAfterSeconds: 3600 }), 'rate_limit_daily');
    assert.equal(causeOf({ code: 200, rateLimit, shouldRetry: false }), 'none');
    assert.equal(causeOf({ code: 503, body: '{"message":"overloaded"}', rateLimit }), 'model_overloaded');
    const named = '{"error":{"message":"Rate limit reached on tokens per min (TPM)"}}';
    assert.equal(causeOf({ code: 429, body: named, rateLimit, shouldRetry: false }), 'rate_limit_tpm');
  });

  it('takes the type that AWS puts into a header for the type of the body', () => {
    const error = { shape: 'empty', type: 'ServiceQuotaExceededException' } as const;
    assert.equal(causeOf({ code: 429, error }), 'quota_exhausted');
  });

  it('leaves an unknown status without a word unclassified', () => {
    assert.deepEqual(classify(eventOf({ code: 418 }), catalogue), {
      cause: 'unclassified',
      basis: 'status',
      rule: 'no_rule',
    });
  });

  it('answers any event within the closed sets', () => {
    const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const anyEvent: fc.Arbitrary<RequestEvent> = fc.record({
      timeMs: fc.integer(),
      provider: fc.oneof(fc.string(), fc.constantFrom('novita', 'dashscope', 'cerebras')),
      code: fc.oneof(fc.integer(), fc.constantFrom(0, 200, 400, 403, 429, 499, 503, 504), fc.constant(Number.NaN)),
      stream: optional(fc.boolean()),
      durationSeconds: optional(fc.double()),
      origin: optional(fc.constantFrom(...ORIGINS)),
      phase: optional(fc.constantFrom(...PHASES)),
      flags: optional(fc.oneof(fc.string(), fc.constantFrom('UF,URX', 'sH--', '-', 'constructor'))),
      keyPresent: optional(fc.boolean()),
      retryAfterSeconds: optional(fc.double()),
      shouldRetry: optional(fc.boolean()),
      rateLimit: optional(fc.record({ timeMs: fc.integer(), exhausted: fc.subarray([...EXHAUSTED]) })),
      error: optional(
        fc.oneof(
          fc.string().map((body) => readErrorBody(body)),
          fc.record({
            code: optional(fc.string()),
            type: optional(fc.string()),
            message: optional(fc.string({ maxLength: 300 })),
          }),
        ),
      ),
      final: fc.boolean(),
    });
    const rules = new Set(['success', 'no_rule', ...catalogue.rules.map((rule) => rule.id)]);
    fc.assert(
      fc.property(anyEvent, fc.double(), (event, gatewayTimeoutSeconds) => {
        const { cause, basis, rule } = classify(event, catalogue, { gatewayTimeoutSeconds });
        assert.ok(CAUSES.includes(cause) && BASES.includes(basis) && rules.has(rule));
      }),
    );
  });
});
