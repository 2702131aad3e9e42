import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatDuration } from '../../../src/mixin/settings/duration.ts';

describe('formatDuration', () => {
  for (const [seconds, text] of [
    [300, '5m'],
    [90, '1m30s'],
    [86_400, '1d'],
    [8_640, '2h24m'],
    [1.5, '1s500ms'],
    [0.03, '30ms'],
  ] as const) {
    test(`writes ${seconds} s as ${text}`, () => assert.equal(formatDuration(seconds), text));
  }

  test('never writes a duration of nothing, which Prometheus refuses as a range', () => {
    assert.equal(formatDuration(0), '1ms');
  });

  test('loses nothing above a millisecond', () => {
    const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 * 86_400_000 }), (ms) => {
        const parts = [...formatDuration(ms / 1000).matchAll(/(\d+)(ms|d|h|m|s)/g)];
        const sum = parts.reduce(
          (total, [, count, unit]) => total + Number(count) * units[unit as keyof typeof units],
          0,
        ); // The pattern lists the keys.
        assert.equal(sum, ms);
      }),
    );
  });
});
