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

test('lists the fifty newest and three of each cause, newest first, however many there were', () => {
  const log = createFailureLog();
  const causes = ['model_overloaded', 'internal_error', 'upstream_timeout'] as const;
  const all = Array.from({ length: 130 }, (_, at) =>
    failure(at, at < 9 ? (causes[at % 3] ?? 'none') : 'surge_protection'),
  );
  for (const [at, one] of all.entries()) {
    log.add(one);
    const early = all.slice(0, Math.min(at + 1, 9));
    const recent = all.slice(Math.max(0, at + 1 - 50), at + 1);
    assert.deepEqual(
      log.list(),
      [...new Set([...early, ...recent])].toSorted((a, b) => b.timeMs - a.timeMs),
    );
  }
});

test('shows an id that may be looked up, and none of another form', () => {
  const log = createFailureLog();
  log.add({ ...failure(1, 'internal_error'), requestId: 'req-1' });
  log.add({ ...failure(2, 'internal_error'), requestId: 'my key is <x>' });
  assert.deepEqual(
    log.list().map(({ requestId }) => requestId),
    [undefined, 'req-1'],
  );
});
