import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketQuantile } from '../../../../src/history/report/quantile.ts';

test('interpolates in the bucket that holds the rank', () => {
  assert.equal(bucketQuantile(0.5, [1, 2, 4], [0, 10, 10, 0]), 2);
  assert.equal(bucketQuantile(0.75, [1, 2, 4], [0, 10, 10, 0]), 3);
  assert.equal(bucketQuantile(0.25, [1, 2], [4, 0, 0]), 0.25);
});

test('beyond the last bound nothing is known but the bound', () => {
  assert.equal(bucketQuantile(0.99, [1, 2], [1, 0, 99]), 2);
});

test('gives none without values', () => {
  assert.equal(bucketQuantile(0.5, [1, 2], [0, 0, 0]), undefined);
});
