import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldBody } from '../../../../../src/input/proxy/retry/held-body.ts';

function held(maxBytes: number, pieces: readonly string[], declaredBytes = 0): string | undefined {
  const body = new HeldBody(maxBytes, declaredBytes);
  for (const piece of pieces) body.push(Buffer.from(piece));
  return body.whole()?.toString();
}

test('a body is held in whatever pieces it comes, up to its bound', () => {
  assert.equal(held(6, []), '');
  assert.equal(held(6, ['abcdef']), 'abcdef');
  assert.equal(held(6, ['ab', '', 'cd', 'e', 'f']), 'abcdef');
  assert.equal(held(6, ['ab', 'cd', 'efg']), undefined);
  assert.equal(held(6, ['abcdefg']), undefined);
});

test('one that is too large is given up for good, and one that says so is never begun', () => {
  assert.equal(held(6, ['abcdefg', 'h']), undefined);
  assert.equal(held(6, ['a'], 7), undefined);
});

test('a body that was let go stays so', () => {
  const body = new HeldBody(6, 0);
  body.push(Buffer.from('abc'));
  body.letGo();
  body.push(Buffer.from('d'));
  assert.equal(body.whole(), undefined);
});

test('a body that came in one piece is not copied', () => {
  const body = new HeldBody(6, 0);
  const piece = Buffer.from('abc');
  body.push(piece);
  assert.equal(body.whole(), piece);
});

test('another body takes its place, be it larger', () => {
  const body = new HeldBody(3, 0);
  body.push(Buffer.from('a'));
  body.push(Buffer.from('b'));
  body.replace(Buffer.from('longer'));
  assert.equal(body.whole()?.toString(), 'longer');
});
