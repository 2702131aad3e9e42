import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readErrorBody } from '../../../../src/provider/error-body.ts';
import type { ParsedHeaders } from '../../../../src/provider/headers/parsed-headers.ts';
import { retryAfterSeconds } from '../../../../src/provider/headers/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1);

test('reads Retry-After in each of its forms, and its more exact relatives first', () => {
  const cases: readonly (readonly [ParsedHeaders, number | undefined])[] = [
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': ' 0 ' }, 0],
    [{ 'retry-after': '1.5' }, 1.5],
    [{ 'retry-after': ['3', '9'] }, 3],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, 60],
    [{ 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }, 0],
    [{ 'retry-after-ms': '1250', 'retry-after': '2' }, 1.25],
    [{ 'x-ms-retry-after-ms': ' 64000 ', 'retry-after': '65' }, 64],
    [{ 'retry-after-ms': 'soon', 'retry-after': '2' }, 2],
    [{ 'retry-after': '-3' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '1e9' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{}, undefined],
  ];
  for (const [headers, seconds] of cases) {
    assert.equal(retryAfterSeconds(headers, undefined, NOW), seconds, JSON.stringify(headers));
  }
  assert.equal(retryAfterSeconds(undefined, undefined, NOW), undefined);
});

test('reads the wait that a message names', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['Limit 500000, Used 499000. Please try again in 84ms. Visit https://example.com', 0.084],
    ['Rate limit reached on tokens per day (TPD). Please try again in 6m54.72s.', 414.72],
    ['Please try again in 6m 11.52s. Need more tokens?', 371.52],
    ['Please try again in 49m14.5s', 2954.5],
    ['You exceeded your quota.\nPlease retry in 44.25s.', 44.25],
    ['Please retry after 60 seconds.', 60],
    ['Too many requests. Try again in 300 seconds', 300],
    ['Please wait for at least 5 minutes before sending more', 300],
    ['"retryDelay": "3.9s"', 3.9],
    ['Please try again later.', undefined],
    ['Limit 20s, try something else', undefined],
    ['I waited 5 minutes', undefined],
  ];
  for (const [message, seconds] of cases) {
    assert.equal(retryAfterSeconds({}, message, NOW), seconds, message);
  }
});

test('believes the header over the message, and the message where the header says nothing', () => {
  assert.equal(retryAfterSeconds({ 'retry-after': '20' }, 'Please try again in 3s', NOW), 20);
  assert.equal(retryAfterSeconds({ 'retry-after': 'soon' }, 'Please try again in 3s', NOW), 3);
});

test('finds the wait that a body names in a field', () => {
  const bodies = [
    '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"google.rpc.RetryInfo","retryDelay":"3.9s"}]}}',
    '{"error":{"code":429,"message":"Provider returned error","metadata":{"retry_after_seconds":3.9}}}',
    '{"title":"rate limited","status":429,"retry_after":3.9}',
  ];
  for (const body of bodies) assert.equal(retryAfterSeconds({}, readErrorBody(body).message, NOW), 3.9, body);
});

test('no header and no message makes it throw or answer with less than nothing', () => {
  const hint = fc.constantFrom('try again in ', 'retry after ', 'retryDelay: ', 'wait ', '');
  const message = fc
    .tuple(hint, fc.oneof(fc.string(), fc.nat().map(String)), fc.constantFrom('s', 'ms', ' h', ''))
    .map((parts) => parts.join(''));
  const headers = fc.record({ 'retry-after': fc.string(), 'retry-after-ms': fc.string() }, { requiredKeys: [] });
  fc.assert(
    fc.property(headers, message, (given, text) => {
      const seconds = retryAfterSeconds(given, text, NOW);
      assert.ok(seconds === undefined || (seconds >= 0 && Number.isFinite(seconds)), String(seconds));
    }),
  );
});
