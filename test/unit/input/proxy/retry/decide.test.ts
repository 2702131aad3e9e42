import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptVerdict } from '../../../../../src/event/sink.ts';
import { decide, type FailedTry, LEAST_TRY_MS } from '../../../../../src/input/proxy/retry/decide.ts';
import type { RetryPolicy } from '../../../../../src/input/proxy/retry/policy.ts';

const POLICY: RetryPolicy = {
  maxRetries: 5,
  statuses: new Set([503]),
  baseDelayMs: 500,
  maxDelayMs: 3000,
  maxRetryAfterMs: 30_000,
  deadlineMs: 60_000,
  budgetRatio: 0.2,
  maxHeldBodyBytes: 1024,
};

const RETRYABLE = (retryable: AttemptVerdict['retryable']): AttemptVerdict => ({
  cause: 'model_overloaded',
  retryable,
});

interface Case extends Partial<Omit<FailedTry, 'verdict'>> {
  readonly retryable?: AttemptVerdict['retryable'];
  readonly random?: number;
  readonly hasBudget?: boolean;
}

function decided({ retryable = 'yes', random = 0, hasBudget = true, ...failed }: Case) {
  let asked = 0;
  const budget = {
    request: () => undefined,
    take() {
      asked += 1;
      return hasBudget;
    },
  };
  const known = { event: {}, tries: 1, elapsedMs: 0, leftMs: Number.POSITIVE_INFINITY, isElsewhere: false };
  const decision = decide(
    { ...known, ...failed, verdict: RETRYABLE(retryable) },
    { policy: POLICY, budget, random: () => random },
  );
  return { ...decision, asked };
}

test('the wait is anything from nothing to a ceiling that doubles up to its own', () => {
  const ceilings = [1, 2, 3, 4, 5].map((tries) => decided({ tries, random: 0.999999 }));
  assert.deepEqual(
    ceilings.map((each) => ('delayMs' in each ? Math.round(each.delayMs) : each)),
    [500, 1000, 2000, 3000, 3000],
  );
  assert.deepEqual(decided({ tries: 3, random: 0 }), { decision: 'retried', delayMs: 0, asked: 1 });
});

test('what cannot heal is not tried again, and costs no budget', () => {
  const not = { decision: 'not_retryable', asked: 0 };
  assert.deepEqual(decided({ retryable: 'no' }), not);
  assert.deepEqual(decided({ retryable: 'no', event: { retryAfterSeconds: 1, shouldRetry: true } }), not);
  assert.deepEqual(decided({ event: { shouldRetry: false } }), not);
  assert.deepEqual(decided({ retryable: 'after_window' }), not);
});

test('a wait that was asked for comes before the jitter', () => {
  assert.deepEqual(decided({ event: { retryAfterSeconds: 2 }, random: 0.5 }), {
    decision: 'retried',
    delayMs: 2250,
    asked: 1,
  });
});

test('a window whose end is known is waited for', () => {
  const rateLimit = { timeMs: 0, exhausted: ['requests'] as const };
  const empty = { remaining: 0, resetSeconds: 7 };
  const wait = (event: FailedTry['event']) => decided({ retryable: 'after_window', event });
  assert.deepEqual(wait({ retryAfterSeconds: 3 }), { decision: 'retried', delayMs: 3000, asked: 1 });
  const both = { ...rateLimit, requests: empty, tokens: { remaining: 0, resetSeconds: 9 } };
  assert.deepEqual(wait({ rateLimit: both }), { decision: 'retried', delayMs: 9000, asked: 1 });
  const full = { ...rateLimit, requests: empty, tokens: { remaining: 5, resetSeconds: 50 } };
  assert.deepEqual(wait({ rateLimit: full }), { decision: 'retried', delayMs: 7000, asked: 1 });
  const untold = { ...rateLimit, requests: empty, tokens: { remaining: 0 } };
  assert.deepEqual(wait({ rateLimit: untold }), { decision: 'not_retryable', asked: 0 });
});

test('a longer wait than the policy allows, or one past the deadline, is none', () => {
  const late = { decision: 'deadline', asked: 0 };
  assert.deepEqual(decided({ event: { retryAfterSeconds: 31 } }), late);
  assert.deepEqual(decided({ event: { retryAfterSeconds: 30 }, elapsedMs: 30_001 }), late);
  assert.equal(decided({ event: { retryAfterSeconds: 30 }, elapsedMs: 30_000 }).decision, 'retried');
  assert.deepEqual(decided({ elapsedMs: 59_900, random: 0.5 }), late);
});

test('nor is one that leaves no time for the try behind it', () => {
  const late = { decision: 'deadline', asked: 0 };
  const event = { retryAfterSeconds: 5 };
  assert.deepEqual(decided({ event, leftMs: 5000 + LEAST_TRY_MS - 1 }), late);
  assert.equal(decided({ event, leftMs: 5000 + LEAST_TRY_MS }).decision, 'retried');
  assert.deepEqual(decided({ random: 0.5, leftMs: 300 }), late);
  assert.deepEqual(decided({ isElsewhere: true, leftMs: 0 }), late);
});

test('an empty budget is the last thing that is asked for', () => {
  assert.deepEqual(decided({ hasBudget: false }), { decision: 'budget_exhausted', asked: 1 });
});

test('another place is gone to without the wait that this one asked for', () => {
  const asked = { isElsewhere: true, event: { retryAfterSeconds: 3600, shouldRetry: false }, random: 0.5 };
  assert.deepEqual(decided({ ...asked, retryable: 'no' }), { decision: 'retried', delayMs: 250, asked: 1 });
});
