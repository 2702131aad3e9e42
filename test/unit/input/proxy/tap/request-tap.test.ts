import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestIdOf, retryAfterSeconds } from '../../../../../src/input/proxy/tap/request-tap.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

test('reads Retry-After in both forms, and nothing else', () => {
  const clock = createManualClock(Date.UTC(2026, 0, 1, 0, 0, 0));
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    ['7', 7],
    [' 0 ', 0],
    ['1.5', 1.5],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['-3', undefined],
    ['soon', undefined],
    ['1e9', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [header, expected] of cases) assert.equal(retryAfterSeconds(header, clock), expected, String(header));
});

test('takes the answer’s id before the request’s, and only what looks like one', () => {
  assert.equal(requestIdOf({ 'x-request-id': 'a' }, { 'x-request-id': 'b' }), 'a');
  assert.equal(requestIdOf(undefined, { 'request-id': 'req_01:A.b-c' }), 'req_01:A.b-c');
  assert.equal(requestIdOf({ 'x-request-id': 'a b' }, { 'x-request-id': 'x'.repeat(129) }), undefined);
});
