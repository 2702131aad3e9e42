import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findThreshold } from '../../../../src/history/judge/threshold.ts';

const CASES: readonly (readonly [expression: string, found: string])[] = [
  ['a > 0.05', '> 0.05 | a | undefined'],
  ['a{b="> 1"}\n  >= 3 and c >= 5', '>= 3 | a{b="> 1"}\n   and c >= 5 | undefined'],
  [
    '(\n  a > 0.05 or (a > 0.01 and a > 4 * b)\n) and c',
    '> 0.05 | (\n  a  or (a > 0.01 and a > 4 * b)\n) and c | (\n  a > +Inf or (a > 0.01 and a > 4 * b)\n) and c',
  ],
  [
    'sum by (x) (rate(a[5m])) / sum by (x) (b) < (14.4 * 0.001)',
    '< (14.4 * 0.001) | sum by (x) (rate(a[5m])) / sum by (x) (b)  | undefined',
  ],
  ['a - on (x) (b) <= -2', '<= -2 | a - on (x) (b)  | undefined'],
];

const squeezed = (text: string) => text.replace(/\s+/g, ' ').replace(/ ?([()|]) ?/g, '$1');

test('finds the comparison whose values the expression has, and what is left without it', () => {
  for (const [expression, expected] of CASES) {
    const found = findThreshold(expression);
    assert.ok(typeof found === 'object', `${expression}: ${JSON.stringify(found)}`);
    assert.equal(squeezed(`${found.text} | ${found.relaxed} | ${found.rest}`), squeezed(expected));
  }
});

test('computes what is written as a product', () => {
  const found = findThreshold('a > (14.4 * 0.001) and b');
  assert.ok(typeof found === 'object');
  assert.equal(found.value, 14.4 * 0.001);
});

test('says why a threshold cannot be moved', () => {
  const cases: readonly (readonly [expression: string, why: RegExp])[] = [
    ['absent(up)', /compares with nothing/],
    ['a and b > 2', /behind an "and"/],
    ['count(up == 0) by (x)', /compares with nothing/],
    ['sum by (x) (a > 1)', /compares with nothing/],
    ['up == 0', /no comparison of size/],
    ['a > b', /two series/],
    ['a > 4 * b', /two series/],
    ['a > 1 + b', /two series/],
    ['a > bool 1', /0 and 1/],
    ['2 < a', /left side is a number/],
  ];
  for (const [expression, why] of cases) assert.match(String(findThreshold(expression)), why, expression);
});
