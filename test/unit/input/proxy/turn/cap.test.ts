import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Cap, type LoadSign } from '../../../../../src/input/proxy/turn/cap.ts';

const newCap = (max = 100, min = 1) => new Cap({ max, min, adaptive: true });

/** So many requests, all at once, that end alike. */
function volley(cap: Cap, count: number, sign: LoadSign): void {
  const epochs = Array.from({ length: count }, (_, index) => cap.begins(index + 1));
  for (const epoch of epochs) cap.ends(epoch, sign);
}

describe('a cap', () => {
  test('is cut once for all that was under way when the API was overloaded', () => {
    const cap = newCap();
    volley(cap, 100, 'overload');
    assert.equal(cap.value, 70);
    volley(cap, 70, 'overload');
    assert.equal(cap.value, 49, 'and again for what began under the lowered cap');
  });

  test('does not heed what ends well late, once it was cut', () => {
    const cap = newCap(10);
    const late = Array.from({ length: 9 }, (_, index) => cap.begins(index + 1));
    cap.ends(cap.begins(10), 'overload');
    assert.equal(cap.value, 7);
    for (const epoch of late) cap.ends(epoch, 'well');
    for (let index = 0; index < 8; index += 1) cap.ends(cap.begins(7), 'well');
    assert.equal(cap.value, 7, 'nine outcomes of before and eight of now are no round');
  });

  test('rises by one a round while it is reached, up to its maximum', () => {
    const cap = newCap(20);
    volley(cap, 20, 'overload');
    assert.equal(cap.value, 14);
    const seen = Array.from({ length: 8 }, () => {
      volley(cap, cap.value, 'well');
      return cap.value;
    });
    assert.deepEqual(seen, [15, 16, 17, 18, 19, 20, 20, 20]);
  });

  test('does not rise while it is not reached', () => {
    const cap = newCap(20);
    volley(cap, 20, 'overload');
    for (let round = 0; round < 10; round += 1) volley(cap, 13, 'well');
    assert.equal(cap.value, 14);
  });

  test('is not cut by a share of refusals that a quiet night has, too', () => {
    const cap = newCap(100);
    for (let index = 0; index < 10_000; index += 1) cap.ends(cap.begins(1), index % 50 === 0 ? 'overload' : 'well');
    assert.equal(cap.value, 100);
  });

  test('follows its settings: the maximum where it was never cut, the lowered value where it was', () => {
    const cap = newCap(10);
    cap.reconfigure({ max: 50, min: 1, adaptive: true });
    assert.equal(cap.value, 50);
    volley(cap, 50, 'overload');
    assert.equal(cap.value, 35);
    cap.reconfigure({ max: 80, min: 1, adaptive: true });
    assert.equal(cap.value, 35);
    cap.reconfigure({ max: 20, min: 1, adaptive: true });
    assert.equal(cap.value, 20);
    cap.reconfigure({ max: 80, min: 40, adaptive: true });
    assert.equal(cap.value, 80, 'it was at its maximum');
    cap.reconfigure({ max: 60, min: 1, adaptive: false });
    assert.equal(cap.value, 60);
  });

  test('that is not adaptive stays where it is', () => {
    const cap = new Cap({ max: 10, min: 1, adaptive: false });
    volley(cap, 1000, 'overload');
    assert.equal(cap.value, 10);
  });

  test('stays within its bounds whatever comes, and falls at most once a round', () => {
    const signs = fc.array(fc.constantFrom<LoadSign>('well', 'overload'), { maxLength: 400 });
    fc.assert(
      fc.property(signs, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), (all, a, b) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const cap = newCap(max, min);
        for (const sign of all) {
          const before = cap.value;
          volley(cap, before, sign);
          assert.ok(cap.value >= min && cap.value <= max);
          assert.ok(cap.value <= before + 1);
          assert.ok(
            cap.value >= Math.min(before, Math.max(min, Math.floor(before * 0.7))),
            `${before} to ${cap.value}`,
          );
        }
      }),
    );
  });
});
