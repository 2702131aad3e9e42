import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTimeReader, type TimeFormat } from '../../../../../src/input/log/fields/time.ts';

const MOMENT = Date.UTC(2026, 8, 2, 0, 31, 44, 250);
const SECOND = Date.UTC(2026, 8, 2, 0, 31, 44);

const READABLE: readonly (readonly [unknown, TimeFormat, number])[] = [
  ['2026-09-02T00:31:44+00:00', 'auto', SECOND],
  ['2026-09-02T02:31:44.250+02:00', 'auto', MOMENT],
  ['2026-09-02T00:31:44.250123456Z', 'auto', MOMENT],
  ['2026-09-02 00:31:44Z', 'auto', SECOND],
  ['02/Sep/2026:00:31:44 +0000', 'auto', SECOND],
  ['[01/Sep/2026:20:01:44 -0430]', 'auto', SECOND],
  [SECOND / 1000, 'auto', SECOND],
  ['1788309104.250', 'auto', MOMENT],
  [1788309104250, 'auto', MOMENT],
  ['1788309104250000', 'auto', MOMENT],
  ['1788309104250000000', 'auto', MOMENT],
  [12, 'epoch_s', 12_000],
  ['12', 'epoch_ms', 12],
  ['2026-09-02T00:31:44Z', 'iso', SECOND],
  ['02/Sep/2026:00:31:44 +0000', 'clf', SECOND],
];

for (const [value, format, expected] of READABLE) {
  test(`${JSON.stringify(value)} as ${format} is a time`, () => {
    assert.equal(createTimeReader(format)(value), expected);
  });
}

const UNREADABLE: readonly (readonly [unknown, TimeFormat])[] = [
  ['yesterday', 'auto'],
  ['May 1', 'auto'],
  ['2026-13-45T99:99', 'auto'],
  ['02/Foo/2026:00:31:44 +0000', 'auto'],
  [-5, 'auto'],
  [1e300, 'epoch_s'],
  [true, 'auto'],
  [{}, 'auto'],
  [1788309104, 'iso'],
  ['2026-09-02T00:31:44Z', 'clf'],
  ['2026-09-02T00:31:44Z', 'epoch_s'],
];

for (const [value, format] of UNREADABLE) {
  test(`${JSON.stringify(value)} as ${format} is no time`, () => {
    assert.equal(createTimeReader(format)(value), undefined);
  });
}

test('a reader keeps its answers apart', () => {
  const read = createTimeReader('auto');
  const answers = ['2026-09-02T00:31:44Z', '2026-09-02T00:31:44Z', 'yesterday', 'yesterday', SECOND].map(read);
  assert.deepEqual(answers, [SECOND, SECOND, undefined, undefined, SECOND]);
});
