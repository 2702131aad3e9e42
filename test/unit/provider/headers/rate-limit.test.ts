import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Exhausted,
  RATE_LIMIT_RESOURCES,
  type RateLimit,
  type RateLimitResource,
} from '../../../../src/event/request-event.ts';
import type { ParsedHeaders } from '../../../../src/provider/headers/parsed-headers.ts';
import { readRateLimit } from '../../../../src/provider/headers/rate-limit.ts';

const NOW = Date.UTC(2026, 0, 1);

interface Case {
  readonly headers: ParsedHeaders;
  readonly told: Omit<RateLimit, 'timeMs' | 'exhausted'>;
  readonly exhausted?: RateLimit['exhausted'];
}

/** Headers as each provider sends them, in lower case as the parsers give them. */
const CASES: Readonly<Record<string, Case>> = {
  OpenAI: {
    headers: {
      'x-ratelimit-limit-requests': '10000',
      'x-ratelimit-limit-tokens': '200000',
      'x-ratelimit-remaining-requests': '9999',
      'x-ratelimit-remaining-tokens': '149984',
      'x-ratelimit-reset-requests': '8ms',
      'x-ratelimit-reset-tokens': '6m0s',
    },
    told: {
      requests: { limit: 10_000, remaining: 9999, resetSeconds: 0.008 },
      tokens: { limit: 200_000, remaining: 149_984, resetSeconds: 360 },
    },
  },
  'OpenAI, in a project that is nearer its limit than the organisation': {
    headers: {
      'x-ratelimit-limit-tokens': '200000',
      'x-ratelimit-remaining-tokens': '150000',
      'x-ratelimit-reset-tokens': '15s',
      'x-ratelimit-limit-project-tokens': '50000',
      'x-ratelimit-remaining-project-tokens': '500',
      'x-ratelimit-reset-project-tokens': '59s',
    },
    told: { tokens: { limit: 50_000, remaining: 500, resetSeconds: 59 } },
  },
  'Azure OpenAI, overdrawn': {
    headers: { 'retry-after': '4', 'x-ratelimit-remaining-tokens': '-27689', 'x-ratelimit-reset-tokens': '64' },
    told: { tokens: { remaining: -27_689, resetSeconds: 64 } },
    exhausted: ['tokens'],
  },
  Anthropic: {
    headers: {
      'anthropic-ratelimit-requests-limit': '4000',
      'anthropic-ratelimit-requests-remaining': '3999',
      'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:01Z',
      'anthropic-ratelimit-input-tokens-limit': '400000',
      'anthropic-ratelimit-input-tokens-remaining': '399000',
      'anthropic-ratelimit-input-tokens-reset': '2026-01-01T00:00:02Z',
      'anthropic-ratelimit-output-tokens-limit': '80000',
      'anthropic-ratelimit-output-tokens-remaining': '0',
      'anthropic-ratelimit-output-tokens-reset': '2026-01-01T00:01:00Z',
      'anthropic-ratelimit-tokens-limit': '480000',
      'anthropic-ratelimit-tokens-remaining': '399000',
      'anthropic-ratelimit-tokens-reset': '2026-01-01T00:00:02Z',
      'anthropic-ratelimit-unified-status': 'allowed',
      'anthropic-ratelimit-unified-reset': '1767240000',
    },
    told: {
      requests: { limit: 4000, remaining: 3999, resetSeconds: 1 },
      tokens: { limit: 80_000, remaining: 0, resetSeconds: 60 },
    },
    exhausted: ['tokens'],
  },
  Groq: {
    headers: {
      'x-ratelimit-limit-requests': '14400',
      'x-ratelimit-limit-tokens': '18000',
      'x-ratelimit-remaining-requests': '14370',
      'x-ratelimit-remaining-tokens': '17997',
      'x-ratelimit-reset-requests': '2m59.56s',
      'x-ratelimit-reset-tokens': '7.66s',
    },
    told: {
      requests: { limit: 14_400, remaining: 14_370, resetSeconds: 179.56 },
      tokens: { limit: 18_000, remaining: 17_997, resetSeconds: 7.66 },
    },
  },
  Together: {
    headers: {
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1',
      'x-tokenlimit-limit': '3000',
      'x-tokenlimit-remaining': '2990',
    },
    told: { requests: { limit: 10, remaining: 0, resetSeconds: 1 }, tokens: { limit: 3000, remaining: 2990 } },
    exhausted: ['requests'],
  },
  OpenRouter: {
    headers: { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1767225660000' },
    told: { requests: { limit: 20, remaining: 0, resetSeconds: 60 } },
    exhausted: ['requests'],
  },
  Mistral: {
    headers: {
      'x-ratelimit-limit-tokens-minute': '5000000',
      'x-ratelimit-remaining-tokens-minute': '4999911',
      'x-ratelimit-tokens-query-cost': '52',
      'x-ratelimit-limit-req-minute': '720',
      'x-ratelimit-remaining-req-minute': '717',
    },
    told: { requests: { limit: 720, remaining: 717 }, tokens: { limit: 5_000_000, remaining: 4_999_911 } },
  },
  'Mistral, before it renamed them': {
    headers: {
      'ratelimitbysize-limit': '500000',
      'ratelimitbysize-remaining': '499900',
      'ratelimitbysize-reset': '28',
      'ratelimitbysize-query-cost': '100',
      'x-ratelimitbysize-limit-month': '1000000000',
      'x-ratelimitbysize-remaining-month': '0',
    },
    told: { tokens: { limit: 1_000_000_000, remaining: 0 } },
    exhausted: ['month'],
  },
  'Mistral, a model outside the plan': {
    headers: { 'x-ratelimit-limit-req-minute': '0', 'x-ratelimit-remaining-req-minute': '0' },
    told: {},
    exhausted: ['plan'],
  },
  Cerebras: {
    headers: {
      'x-ratelimit-limit-requests-day': '14400',
      'x-ratelimit-limit-tokens-minute': '60000',
      'x-ratelimit-remaining-requests-day': '0',
      'x-ratelimit-remaining-tokens-minute': '59000',
      'x-ratelimit-reset-requests-day': '33011.5',
      'x-ratelimit-reset-tokens-minute': '11.5',
    },
    told: {
      requests: { limit: 14_400, remaining: 0, resetSeconds: 33_011.5 },
      tokens: { limit: 60_000, remaining: 59_000, resetSeconds: 11.5 },
    },
    exhausted: ['day'],
  },
  Fireworks: {
    headers: {
      'x-ratelimit-limit-requests': '600',
      'x-ratelimit-remaining-requests': '599',
      'x-ratelimit-over-limit': 'no',
      'x-ratelimit-limit-tokens-prompt': '60000',
      'x-ratelimit-remaining-tokens-prompt': '59000',
      'x-ratelimit-limit-tokens-generated': '6000',
      'x-ratelimit-remaining-tokens-generated': '3000',
    },
    told: { requests: { limit: 600, remaining: 599 }, tokens: { limit: 6000, remaining: 3000 } },
  },
  'Envoy and the IETF draft, with their policy behind the number': {
    headers: { 'x-ratelimit-limit': '10, 10;w=60', 'x-ratelimit-remaining': '4', 'x-ratelimit-reset': '12' },
    told: { requests: { limit: 10, remaining: 4, resetSeconds: 12 } },
  },
};

describe('reads the rate limits of', () => {
  for (const [name, { headers, told, exhausted = [] }] of Object.entries(CASES)) {
    test(name, () => assert.deepEqual(readRateLimit(headers, NOW), { timeMs: NOW, ...told, exhausted }));
  }
});

test('knows the bucket of each name in use, and whether its window is a long one', () => {
  const shown: Readonly<Record<RateLimitResource, readonly string[]>> = {
    requests: [
      'x-ratelimit-*-project-requests',
      'x-ratelimit-*-requests-minute',
      'x-ratelimit-*-requests-hour',
      'x-ratelimit-*-dynamic',
      'x-ratelimit-*-second',
      'x-ratelimit-*-minute',
      'x-ratelimit-*-hour',
      'ratelimit-*',
    ],
    tokens: [
      'x-ratelimit-*-input-tokens',
      'x-ratelimit-*-output-tokens',
      'x-ratelimit-*-tokens-hour',
      'x-ratelimitbysize-*-minute',
      'x-tokenlimit-*-dynamic',
      'x-ratelimit-*-tokens-cache-adjusted-prompt',
    ],
  };
  const long: Readonly<Record<string, readonly [RateLimitResource, Exhausted]>> = {
    'x-ratelimit-*-requests-month': ['requests', 'month'],
    'x-ratelimit-*-tokens-day': ['tokens', 'day'],
    'x-ratelimit-*-tokens-month': ['tokens', 'month'],
    'x-ratelimit-*-day': ['requests', 'day'],
    'x-ratelimit-*-month': ['requests', 'month'],
  };
  const check = (names: string, resource: RateLimitResource, exhausted: Exhausted) => {
    const name = (field: string) => names.replace('*', field);
    const headers = { [name('limit')]: '9', [name('remaining')]: '0', [name('reset')]: '1m' };
    const bucket = { limit: 9, remaining: 0, resetSeconds: 60 };
    assert.deepEqual(readRateLimit(headers, NOW), { timeMs: NOW, [resource]: bucket, exhausted: [exhausted] }, names);
  };
  for (const resource of RATE_LIMIT_RESOURCES) for (const names of shown[resource]) check(names, resource, resource);
  for (const [names, [resource, exhausted]] of Object.entries(long)) check(names, resource, exhausted);
});

test('says nothing where the headers say nothing', () => {
  assert.equal(readRateLimit(undefined, NOW), undefined);
  assert.equal(readRateLimit({ 'content-type': 'application/json', 'retry-after': '3' }, NOW), undefined);
  assert.equal(readRateLimit({ 'x-ratelimit-policy': '10;w=60', 'x-ratelimit-limit-audio': '5' }, NOW), undefined);
});

test('a limit that stands for none takes what is left of it along', () => {
  for (const limit of ['-1', '9223372036854775807', '2147483647', '4294967295', 'unlimited', '', '1e400']) {
    const headers = { 'x-ratelimit-limit-tokens': limit, 'x-ratelimit-remaining-tokens': '0' };
    assert.equal(readRateLimit(headers, NOW), undefined, limit);
  }
});

test('leaves out a number that stands for unknown', () => {
  for (const remaining of ['-1', '9223372036854775807', '2147483647', 'n/a', '', '30,000']) {
    assert.equal(readRateLimit({ 'x-ratelimit-remaining-tokens': remaining }, NOW), undefined, remaining);
  }
  const headers = { 'x-ratelimit-limit': '20', 'x-ratelimit-reset': '0001-01-01T00:00:00Z' };
  assert.deepEqual(readRateLimit(headers, NOW)?.requests, { limit: 20 });
});

test('takes the first of a header that is repeated, in any case', () => {
  const flat = ['X-RateLimit-Limit', '20', 'x-ratelimit-limit', '30', 'Unlimited-Of-This-Kind', '1'];
  assert.deepEqual(readRateLimit(flat, NOW)?.requests, { limit: 20 });
  assert.deepEqual(readRateLimit({ 'x-ratelimit-limit': ['20', '30'] }, NOW)?.requests, { limit: 20 });
});

test('no headers make it throw or tell what is no number', () => {
  const names = Object.values(CASES).flatMap(({ headers }) => Object.keys(headers));
  const value = fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String), fc.constantFrom('1s', '-0'));
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value),
      fc.integer(),
      (headers, now) => {
        const { requests, tokens } = readRateLimit(headers, now) ?? {};
        for (const { limit = 1, remaining = 0, resetSeconds = 0 } of [requests ?? {}, tokens ?? {}]) {
          assert.ok(limit > 0 && Number.isFinite(limit) && Number.isFinite(remaining));
          assert.ok(resetSeconds >= 0 && Number.isFinite(resetSeconds));
        }
      },
    ),
  );
});
