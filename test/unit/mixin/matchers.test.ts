import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isMatchers } from '../../../src/mixin/settings/matchers.ts';

const RIGHT = [
  '',
  'job="llm-exporter"',
  'job="a",region=~"eu-.+"',
  ' job = "a" , env != "dev" , zone !~ "x|y" ',
  "job='it\"s'",
  'job=`a\\b`',
  'job="with \\"quotes\\", comma } and \\\\ backslash"',
  'job=~"(?i)llm"',
  'job=~"(?P<n>a)b"',
  'job=~"a\\\\.b"',
];

const WRONG = [
  'nonsense((',
  'job',
  'job=',
  'job=x',
  '{job="x"}',
  'job="x",',
  ',job="x"',
  'job="x" env="y"',
  'job=="x"',
  'job="x',
  'job="a\\.b"',
  'job=~"("',
  'job=~"a(?=b)"',
  'job=~"(a)\\\\1"',
  '1job="x"',
  'my-label="x"',
  '__name__="up"',
  'job="x"} or up{job="y"',
];

describe('matchers of a selector', () => {
  test('are label, operator and quoted text, with commas between', () => {
    for (const text of RIGHT) assert.ok(isMatchers(text), text);
  });

  test('are nothing else', () => {
    for (const text of WRONG) assert.ok(!isMatchers(text), text);
  });
});
