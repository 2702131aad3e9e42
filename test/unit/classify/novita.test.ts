import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import type { Basis, Cause } from '../../../src/classify/causes.ts';
import { classify } from '../../../src/classify/classify.ts';
import { eventOf, type RuleCase } from './rule-cases.ts';

const flat = (code: number, reason: string, message: string) => JSON.stringify({ code, reason, message, metadata: {} });

/** https://novita.ai/docs/guides/error, line by line. */
const PAGE: readonly (readonly [meaning: string, given: RuleCase, cause: Cause, basis: Basis])[] = [
  [
    '400 a parameter is wrong',
    { code: 400, body: flat(400, 'INVALID_PARAMETER', 'top_p must be between 0 and 1') },
    'invalid_request',
    'code',
  ],
  [
    '400 the body is wrong',
    { code: 400, body: flat(400, 'INVALID_REQUEST_BODY', 'json decode failed') },
    'invalid_request',
    'code',
  ],
  [
    '400 the model lacks a feature',
    { code: 400, body: flat(400, 'INVALID_PARAMETER', 'tools is not supported by this model') },
    'unsupported_feature',
    'message',
  ],
  ['400 without a word', { code: 400, body: '' }, 'invalid_request', 'status'],
  [
    '400 with only a trace id',
    { code: 400, body: '{"message":"invalid request error trace_id: b9f5","type":"invalid_request_error"}' },
    'invalid_request',
    'code',
  ],
  [
    '401 no key was sent',
    { code: 401, keyPresent: false, body: flat(401, 'INVALID_API_KEY', 'invalid api-key') },
    'auth_missing_key',
    'transport',
  ],
  [
    '401 a wrong key was sent',
    { code: 401, keyPresent: true, body: flat(401, 'INVALID_API_KEY', 'invalid api-key') },
    'auth_invalid_key',
    'code',
  ],
  ['401 without a word', { code: 401, keyPresent: true, body: '' }, 'auth_invalid_key', 'status'],
  [
    '403 as Novita answers a wrong key today',
    { code: 403, body: flat(403, 'INVALID_API_KEY', 'invalid api-key') },
    'auth_invalid_key',
    'code',
  ],
  [
    '403 the account may not use the model',
    { code: 403, body: flat(403, 'MODEL_ACCESS_DENIED', 'model access denied') },
    'permission_denied',
    'code',
  ],
  ['403 without a word', { code: 403, body: '' }, 'permission_denied', 'status'],
  [
    '403 the identity is not verified',
    { code: 403, body: flat(403, 'PERMISSION_DENIED', 'please complete identity verification') },
    'identity_verification_required',
    'provider',
  ],
  [
    '403 the balance is used up',
    { code: 403, body: flat(403, 'NOT_ENOUGH_BALANCE', 'not enough balance') },
    'insufficient_balance',
    'code',
  ],
  [
    '404 the model is unknown',
    { code: 404, body: flat(404, 'MODEL_NOT_FOUND', 'model not found') },
    'model_not_found',
    'code',
  ],
  [
    '429 requests per minute',
    { code: 429, body: flat(429, 'RATE_LIMIT_EXCEEDED', 'RPM limit reached') },
    'rate_limit_rpm',
    'message',
  ],
  [
    '429 tokens per minute',
    { code: 429, body: flat(429, 'RATE_LIMIT_EXCEEDED', 'TPM limit reached') },
    'rate_limit_tpm',
    'message',
  ],
  [
    '429 one of the two',
    { code: 429, body: flat(429, 'RATE_LIMIT_EXCEEDED', 'rate limit exceeded') },
    'rate_limit_unspecified',
    'code',
  ],
  ['429 without a word', { code: 429, body: '' }, 'rate_limit_unspecified', 'status'],
  [
    '500 the engine crashed',
    { code: 500, body: flat(500, 'INTERNAL_ERROR', 'the inference engine crashed') },
    'model_engine_error',
    'message',
  ],
  [
    '500 backend exception',
    { code: 500, body: flat(500, 'INTERNAL_ERROR', 'internal server error') },
    'internal_error',
    'code',
  ],
  ['500 without a word', { code: 500, body: '' }, 'internal_error', 'status'],
  [
    '503 overload',
    { code: 503, body: flat(503, 'SERVICE_UNAVAILABLE', 'the service is overloaded') },
    'model_overloaded',
    'message',
  ],
  [
    '504 overload',
    { code: 504, body: flat(504, 'TIMEOUT_', 'GPU resources are busy, the server is overloaded') },
    'model_overloaded',
    'message',
  ],
  [
    '504 overload: no token of a stream in 60 s',
    { code: 504, body: '', stream: true, durationSeconds: 60.1 },
    'model_overloaded',
    'timing',
  ],
  [
    '504 long generation without streaming',
    { code: 504, body: '', stream: false, durationSeconds: 60.05 },
    'gateway_timeout_long_generation',
    'timing',
  ],
  [
    '503 long generation without streaming',
    { code: 503, body: '', stream: false, durationSeconds: 60.05 },
    'gateway_timeout_long_generation',
    'timing',
  ],
  [
    '503 downstream dependency',
    { code: 503, body: flat(503, 'SERVICE_UNAVAILABLE', 'downstream dependency unavailable: redis') },
    'downstream_dependency_failure',
    'message',
  ],
  [
    '504 downstream dependency',
    { code: 504, body: flat(504, 'X', 'database connection failed') },
    'downstream_dependency_failure',
    'message',
  ],
  [
    '503 surge protection',
    { code: 503, body: flat(503, 'SERVICE_UNAVAILABLE', 'surge protection: traffic increased too quickly') },
    'surge_protection',
    'message',
  ],
  [
    '503 requests are throttled',
    { code: 503, body: flat(503, 'SERVICE_UNAVAILABLE', 'too many requests, throttled') },
    'surge_protection',
    'message',
  ],
  ['503 without a word', { code: 503, body: '', stream: false, durationSeconds: 0.4 }, 'service_unavailable', 'status'],
  [
    '504 of a stream that had begun',
    { code: 504, body: '', stream: true, firstTokenSeconds: 2, durationSeconds: 60.1 },
    'upstream_timeout',
    'status',
  ],
  [
    '504 long before the timeout',
    { code: 504, body: '', stream: false, durationSeconds: 12 },
    'upstream_timeout',
    'status',
  ],
  ['504 whose duration is not known', { code: 504, body: '', stream: false }, 'upstream_timeout', 'status'],
];

const catalogue = loadCatalogue();

describe("Novita's error page", () => {
  for (const [meaning, given, cause, basis] of PAGE) {
    it(`${meaning} is ${cause}`, () => {
      const found = classify(eventOf({ ...given, provider: 'novita' }), catalogue, { gatewayTimeoutSeconds: 60 });
      assert.deepEqual({ cause: found.cause, basis: found.basis }, { cause, basis }, found.rule);
    });
  }
});

describe("Novita's advice", () => {
  const ADVICE: readonly (readonly [cause: Cause, who: 'user' | 'ops', words: RegExp])[] = [
    ['model_overloaded', 'user', /exponential backoff.*streaming.*off-peak/],
    ['model_overloaded', 'ops', /monitor.*scale.*503\/504.*priority queues/i],
    ['surge_protection', 'ops', /fine-grained.*priority queues.*503\/504/],
    ['gateway_timeout_long_generation', 'user', /streaming.*client_timeout and proxy_timeout above 60 s/],
    ['gateway_timeout_long_generation', 'ops', /proxy_read_timeout/],
    ['upstream_timeout', 'user', /client_timeout and proxy_timeout above 60 s/],
    ['downstream_dependency_failure', 'ops', /monitor.*503\/504/i],
    ['auth_missing_key', 'user', /provide the key.*environment/i],
    ['auth_invalid_key', 'user', /expired.*config/],
    ['permission_denied', 'user', /account.*model/],
    ['identity_verification_required', 'user', /console/],
    ['rate_limit_unspecified', 'user', /RPM or TPM.*support/],
    ['internal_error', 'user', /support.*another model or a lighter configuration/],
  ];
  for (const [cause, who, words] of ADVICE) {
    it(`is given to the ${who} for ${cause}`, () => assert.match(catalogue.causes[cause].advice[who], words));
  }
});
