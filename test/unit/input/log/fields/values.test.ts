import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsFrom } from '../../../../../src/input/log/fields/values.ts';

test('a span with its units is read as Go writes it, whatever the unit of plain numbers', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['1.5s', 1.5],
    ['850ms', 0.85],
    ['1m2.5s', 62.5],
    ['1h0m0s', 3600],
    ['412.5µs', 0.0004125],
    ['412.5μs', 0.0004125],
    ['12us', 0.000012],
    ['90ns', 0.00000009],
    ['0s', 0],
  ];
  for (const [text, seconds] of cases) {
    assert.equal(secondsFrom(text, 's'), seconds, text);
    assert.equal(secondsFrom(text, 'ns'), seconds, text);
  }
});

test('a span that cannot be read is unknown, and what is no span is refused', () => {
  for (const text of ['1.5 seconds', '3 parsecs', '1s2', '1.2.3s', '-1.5s', '30h', `${'1s'.repeat(50_000)}`]) {
    assert.equal(secondsFrom(text, 's'), Number.NaN, text.slice(0, 20));
  }
  for (const value of ['soon', 's', 'ms', '{}', {}, [1], true, 1_784_000_000, '1784000000']) {
    assert.equal(secondsFrom(value, 's'), undefined, String(value));
  }
});
