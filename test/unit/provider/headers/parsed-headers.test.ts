import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerNames, headerValue } from '../../../../src/provider/headers/parsed-headers.ts';

const FLAT = ['Content-Type', 'a', 'X-Twice', '1', 'x-twice', '2', 'X-Empty', ''];
const BY_NAME = { 'content-type': 'a', 'x-twice': ['1', '2'], 'x-empty': '' };

test('headers are found by their names in lower case, the first of several, in either form', () => {
  for (const headers of [FLAT, BY_NAME]) {
    const names = ['content-type', 'x-twice', 'x-empty', 'content-typ', 'x-other'];
    assert.deepEqual(
      names.map((name) => headerValue(headers, name)),
      ['a', '1', '', undefined, undefined],
    );
  }
  assert.equal(headerValue(undefined, 'content-type'), undefined);
});

test('a value is never taken for a name', () => {
  assert.equal(headerValue(['x-a', 'server', 'y', 'z'], 'server'), undefined);
  assert.deepEqual(headerNames(FLAT), ['Content-Type', 'X-Twice', 'x-twice', 'X-Empty']);
  assert.deepEqual(headerNames(BY_NAME), ['content-type', 'x-twice', 'x-empty']);
});
