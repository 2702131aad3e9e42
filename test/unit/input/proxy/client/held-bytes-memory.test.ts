import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldBytes } from '../../../../../src/input/proxy/client/held-bytes.ts';

const MAX_BYTES = 1024;

test('what is held is handed over in order, however it came', () => {
  const held = new HeldBytes(MAX_BYTES);
  const sent = Buffer.from(Array.from({ length: 700 }, (_, at) => at % 251));
  const cuts = [0, 1, 2, 3, 10, 300, 301, 700];
  for (const [at, from] of cuts.entries()) held.push(sent.subarray(from, cuts[at + 1] ?? from));
  assert.equal(held.length, sent.length);
  assert.deepEqual(held.take(), sent);
  assert.equal(held.length, 0);
  assert.equal(held.take().length, 0);
});

test('what has been handed over stays as it is when more is held', () => {
  const held = new HeldBytes(MAX_BYTES);
  for (const piece of ['a', 'b', 'c']) held.push(Buffer.from(piece));
  const taken = held.take();
  for (const piece of ['x', 'y', 'z']) held.push(Buffer.from(piece));
  assert.equal(taken.toString(), 'abc');
  assert.equal(held.take().toString(), 'xyz');
});

test('bytes that come one by one keep no object for each: a client could have a hundred times the bound', () => {
  const held = new HeldBytes(MAX_BYTES);
  const pieces = Array.from({ length: MAX_BYTES }, () => Buffer.from('a'));
  for (const piece of pieces) held.push(piece);
  // Only what is a copy can change no more: nothing of the pieces is kept.
  for (const piece of pieces.slice(1)) piece.fill('b');
  assert.equal(held.isFull, true);
  assert.equal(held.take().toString(), 'a'.repeat(MAX_BYTES));
});
