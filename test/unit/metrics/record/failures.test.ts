import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cause } from '../../../../src/classify/causes.ts';
import { createFailureLog } from '../../../../src/metrics/record/failures.ts';

const failure = (timeMs: number, cause: Cause) =>
  ({ timeMs, provider: 'p', model: 'm', code: 503, cause, basis: 'status', rule: 'r' }) as const;

test('a storm of one cause does not wash away the last failures of another', () => {
  const log = createFailureLog();
  log.add(failure(1, 'auth_invalid_key'));
  for (let time = 2; time < 10_000; time += 1) log.add(failure(time, 'model_overloaded'));
  const listed = log.list();
  assert.equal(listed[0]?.timeMs, 9_999);
  assert.equal(listed.at(-1)?.cause, 'auth_invalid_key');
  assert.equal(listed.length, 51);
});
