import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTypeOf, shouldRetryOf } from '../../../../src/provider/headers/error-headers.ts';

test('reads the type that AWS puts beside the body, however it dresses it', () => {
  const dressed = [
    'ThrottlingException',
    ' ThrottlingException ',
    'ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/',
    'com.amazonaws.bedrock#ThrottlingException',
  ];
  for (const value of dressed) assert.equal(errorTypeOf({ 'x-amzn-errortype': value }), 'ThrottlingException', value);
  for (const value of ['', 'a sentence, or so', 'x'.repeat(81)]) {
    assert.equal(errorTypeOf({ 'x-amzn-errortype': value }), undefined, value);
  }
  assert.equal(errorTypeOf(undefined), undefined);
});

test('knows yes from no from silence about trying again', () => {
  const cases = { true: true, False: false, ' false ': false, '': undefined, maybe: undefined };
  for (const [value, expected] of Object.entries(cases)) {
    assert.equal(shouldRetryOf({ 'x-should-retry': value }), expected, value);
  }
  assert.equal(shouldRetryOf({}), undefined);
});
