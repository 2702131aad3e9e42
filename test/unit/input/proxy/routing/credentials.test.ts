import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutKeys } from '../../../../../src/input/proxy/routing/credentials.ts';

test('keys leave a query, and nothing else of it changes', () => {
  for (const [path, left] of [
    ['/p', '/p'],
    ['/p?', '/p?'],
    ['/p?key=a', '/p'],
    ['/p?key', '/p'],
    ['/p?a=1&key=a', '/p?a=1'],
    ['/p?KEY=a&a=%20+&&b', '/p?a=%20+&&b'],
    ['/p?%6B%65y=a&x=?key=a', '/p?x=?key=a'],
    ['/p?api_key=a&api-key=b&access_token=c&z', '/p?z'],
    ['/p?%=a&monkey=1&keys=2', '/p?%=a&monkey=1&keys=2'],
    ['/key=a?b', '/key=a?b'],
  ] as const) {
    assert.equal(withoutKeys(path), left, path);
  }
});

test('a key is gone wherever it stands among others', () => {
  const other = fc.stringMatching(/^[a-z]{4,8}=[%\w.~+/?-]{0,8}$/);
  fc.assert(
    fc.property(fc.array(other), fc.array(other), (before, behind) => {
      const query = [...before, 'key=secret', ...behind].join('&');
      const left = [...before, ...behind].join('&');
      assert.equal(withoutKeys(`/p?${query}`), left === '' ? '/p' : `/p?${left}`);
    }),
  );
});
