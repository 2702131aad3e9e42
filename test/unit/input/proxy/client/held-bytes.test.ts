import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldBytes } from '../../../../../src/input/proxy/client/held-bytes.ts';

test('what is held comes back in order, and only once', () => {
  const held = new HeldBytes(100);
  for (const text of ['a', 'bc', '', 'd']) held.push(Buffer.from(text));
  assert.equal(held.length, 4);
  assert.equal(held.take().toString(), 'abcd');
  assert.equal(held.length, 0);
  assert.equal(held.take().length, 0);
  held.push(Buffer.from('e'));
  assert.equal(held.take().toString(), 'e');
});

test('it is full at its bound, not before it, and no more when it is taken', () => {
  const held = new HeldBytes(4);
  held.push(Buffer.from('abc'));
  assert.equal(held.isFull, false);
  held.push(Buffer.from('d'));
  assert.equal(held.isFull, true);
  held.push(Buffer.from('one read more'));
  assert.equal(held.take().toString(), 'abcdone read more');
  assert.equal(held.isFull, false);
});
