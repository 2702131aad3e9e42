import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeldom } from '../../../../../src/input/proxy/limits/seldom.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

test('the first is told at once, those of each minute behind it together, and after a quiet minute it begins anew', () => {
  const clock = createManualClock();
  const told: string[] = [];
  const tell = createSeldom(clock, (times, what: string) => told.push(`${times} ${what}`));
  tell('a');
  assert.deepEqual(told, ['1 a']);
  tell('b');
  clock.advance(59_999);
  tell('c');
  assert.deepEqual(told, ['1 a']);
  clock.advance(1);
  assert.deepEqual(told, ['1 a', '2 c']);
  clock.advance(59_999);
  tell('d');
  clock.advance(1);
  assert.deepEqual(told, ['1 a', '2 c', '1 d']);
  clock.advance(60_000);
  tell('e');
  assert.deepEqual(told, ['1 a', '2 c', '1 d', '1 e']);
});
