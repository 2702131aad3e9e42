import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationSeconds, secondsUntil } from '../../../../src/provider/headers/wait.ts';

const NOW = Date.UTC(2026, 0, 1);

test('reads every form in which a wait is written', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['64', 64],
    [' 0 ', 0],
    ['33011.382867', 33011.382867],
    ['1s', 1],
    ['547ms', 0.547],
    ['6m0s', 360],
    ['2m59.56s', 179.56],
    ['23h18m29.144s', 83_909.144],
    ['120µs', 0.00012],
    ['6m 11.52s', 371.52],
    ['60 seconds', 60],
    ['2 hours, 3 minutes', 7380],
    ['1767225660', 60],
    ['1767225660500', 60.5],
    ['2026-01-01T00:01:00Z', 60],
    ['2026-01-01T01:01:00.25+01:00', 60.25],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
  ];
  for (const [text, seconds] of cases) {
    const read = secondsUntil(text, NOW) ?? Number.NaN;
    assert.ok(Math.abs(read - seconds) < 1e-6, `${text}: ${read}`);
  }
});

test('a moment that has just passed is now', () => {
  for (const text of ['Wed, 31 Dec 2025 23:59:00 GMT', '2025-12-31T23:59:59Z', '1767225599']) {
    assert.equal(secondsUntil(text, NOW), 0, text);
  }
});

test('placeholders and anything else are no wait', () => {
  const none = ['', ' ', 'soon', '-1', '-3', '1e9', 'Infinity', 'NaN', '0x10', '30,000', '6m0', 's', '1 fortnight'];
  const never = ['0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '999999999', '9000000000000'];
  const noZone = ['2026-01-01T00:01:00', 'Thu, 01 Jan 2026 00:01:00', '2026-13-45T99:99:99Z'];
  for (const text of [...none, ...never, ...noZone]) assert.equal(secondsUntil(text, NOW), undefined, text);
  assert.equal(secondsUntil(undefined, NOW), undefined);
});

test('no text makes it throw, and what it answers is a span that can be waited', () => {
  const unit = fc.constantFrom('ns', 'µs', 'ms', 's', 'm', 'h', 'd', ' seconds', ' minutes', 'x', '');
  const part = fc.tuple(fc.oneof(fc.nat(), fc.double(), fc.bigInt()), unit).map(([number, name]) => `${number}${name}`);
  const date = fc.date({ noInvalidDate: true });
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
    date.map((at) => at.toISOString()),
    date.map((at) => at.toUTCString()),
    date.map((at) => String(at.getTime())),
  );
  fc.assert(
    fc.property(texts, fc.oneof(fc.constant(NOW), fc.integer()), (text, nowMs) => {
      for (const seconds of [secondsUntil(text, nowMs), durationSeconds(text)]) {
        assert.ok(seconds === undefined || (seconds >= 0 && Number.isFinite(seconds)), `${text}: ${seconds}`);
      }
    }),
  );
});

test('reads back any span as Go prints it', () => {
  const fields = { hours: fc.nat(700), minutes: fc.nat(59), ms: fc.nat(59_999) };
  fc.assert(
    fc.property(fc.record(fields), ({ hours, minutes, ms }) => {
      const seconds = secondsUntil(`${hours}h${minutes}m${ms / 1000}s`, NOW) ?? Number.NaN;
      assert.ok(Math.abs(seconds - (hours * 3600 + minutes * 60 + ms / 1000)) < 1e-6);
    }),
  );
});

test('a long text costs no more than a short look', () => {
  const long = `${'1h'.repeat(200_000)} ${'1'.repeat(200_000)}`;
  assert.equal(secondsUntil(long, NOW), undefined);
});
