import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { classify, classifyAlike } from '../../../src/classify/classify.ts';
import type { ClassifyContext } from '../../../src/classify/conditions.ts';
import { OWN_LIMITS } from '../../../src/classify/inference/limits/own-limit.ts';
import { ORIGINS, PHASES, type RequestEvent } from '../../../src/event/request-event.ts';

const catalogue = loadCatalogue();

const words = ['rate_limit_exceeded', 'insufficient_quota', 'model_not_found', 'server_error', 'overloaded_error'];
const messages = [
  'The service is overloaded',
  'Rate limit reached: 3 requests per minute',
  'context length exceeded',
  'x',
];
const error = fc.record(
  {
    code: fc.constantFrom(...words),
    type: fc.constantFrom(...words),
    message: fc.constantFrom(...messages),
    shape: fc.constantFrom('json', 'html', 'text', 'empty'),
    status: fc.constantFrom(400, 429, 503),
  },
  { requiredKeys: [] },
);
const codes = fc.constantFrom(200, 400, 401, 404, 408, 429, 499, 500, 502, 503, 504, 524, 529);
/** With no words, it is the moment that decides. */
const bare = fc.record({ provider: fc.constant('novita'), code: codes, final: fc.constant(true) });
const worded = fc.record(
  {
    provider: fc.constantFrom('novita', 'openai', 'anthropic'),
    code: codes,
    final: fc.constant(true),
    stream: fc.boolean(),
    error,
    origin: fc.constantFrom(...ORIGINS),
    phase: fc.constantFrom(...PHASES),
    flags: fc.constantFrom('UF', 'UT,URX', 'sH--', '-'),
    retryAfterSeconds: fc.constantFrom(1, 3600),
    keyPresent: fc.boolean(),
    ownKey: fc.boolean(),
    shouldRetry: fc.boolean(),
  },
  { requiredKeys: ['provider', 'code', 'final'] },
);
const seconds = fc.constantFrom(undefined, 0.05, 5, 29.5, 30.1, 59.9, 60.02, 64, 119.9, 600);
const context: fc.Arbitrary<ClassifyContext> = fc.record(
  {
    gatewayTimeoutSeconds: fc.constantFrom(30, 60, 120),
    fastReject: fc.boolean(),
    trafficRamping: fc.boolean(),
    modelsFailing: fc.constantFrom(2, 3, 5),
    failingUnderLoad: fc.boolean(),
    modelStalled: fc.boolean(),
    ownLimit: fc.constantFrom(...OWN_LIMITS),
  },
  { requiredKeys: [] },
);

test('events that are alike have the causes that each would have by itself', () => {
  const met = new Set<string>();
  const moments = fc.array(fc.record({ durationSeconds: seconds, context }), { minLength: 8 });
  fc.assert(
    fc.property(fc.oneof(bare, worded), moments, (kind, all) => {
      const event = (durationSeconds: number | undefined): RequestEvent => ({ ...kind, timeMs: 0, durationSeconds });
      const classifier = classifyAlike(event(1), catalogue);
      for (const { durationSeconds, context } of all) {
        const one = event(durationSeconds);
        const verdict = classify(one, catalogue, context);
        assert.deepEqual(classifier(one, context), verdict);
        met.add(verdict.rule);
      }
    }),
    { numRuns: 600 },
  );
  // Rules that look at the moment, too: without them nothing would be compared.
  assert.ok(met.size > 25, `${met.size} rules`);
});
