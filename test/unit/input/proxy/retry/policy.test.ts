import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upstreamsOf } from '../../../../../src/config/providers.ts';
import { proxySchema } from '../../../../../src/config/proxy/schema-proxy.ts';
import { retryPolicyOf } from '../../../../../src/input/proxy/retry/policy.ts';

function policyOf(retries: unknown) {
  const [upstream] = upstreamsOf(proxySchema.parse({ upstream: 'https://api.novita.ai', retries }));
  return upstream && retryPolicyOf(upstream);
}

test('there is no policy unless retries are turned on', () => {
  assert.equal(policyOf(undefined), undefined);
});

test('what is not said has the value that the reference names', () => {
  assert.deepEqual(policyOf({}), {
    maxRetries: 2,
    statuses: new Set([429, 503, 504, 529]),
    baseDelayMs: 500,
    maxDelayMs: 10_000,
    maxRetryAfterMs: 30_000,
    deadlineMs: 60_000,
    budgetRatio: 0.2,
    maxHeldBodyBytes: 1024 * 1024,
    fallback: undefined,
  });
});

test('everything can be said', () => {
  const fallback = { upstream: 'b', model: 'm', causes: ['model_overloaded'] };
  const policy = policyOf({
    ...{ max: 1, statuses: [500], base_delay: '1s', max_delay: '2s', max_retry_after: '3s', deadline: '4s' },
    ...{ budget: 0.5, max_held_body: '1KiB', fallback },
  });
  assert.deepEqual(policy, {
    ...{ maxRetries: 1, statuses: new Set([500]), baseDelayMs: 1000, maxDelayMs: 2000, maxRetryAfterMs: 3000 },
    ...{ deadlineMs: 4000, budgetRatio: 0.5, maxHeldBodyBytes: 1024 },
    fallback: { upstream: 'b', model: 'm', causes: new Set(['model_overloaded']) },
  });
});
