import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPushKeys, hash, parseKey } from '../../../../src/input/push/push-keys.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const HOUR_MS = 3_600_000;
const batch = (n: number) => ({
  bodyHash: hash(`body ${n}`),
  counts: { accepted: n, filtered: 1, rejected: { invalid_json: 2 } },
});

describe('keys of pushes', () => {
  test('are printable ASCII, quoted or not', () => {
    assert.equal(parseKey('"8e03978e-40d5"'), '8e03978e-40d5');
    assert.equal(parseKey('8e03978e-40d5'), '8e03978e-40d5');
    assert.equal(parseKey('x'.repeat(255))?.length, 255);
    for (const wrong of ['', '""', 'x'.repeat(256), 'a\tb', 'é']) assert.equal(parseKey(wrong), undefined, wrong);
  });

  test('outlive a restart with the counts of their batch', () => {
    const clock = createManualClock();
    const keys = createPushKeys(clock, undefined);
    keys.note(hash('a'), batch(1));
    keys.note(hash('b'), { bodyHash: hash('x'), counts: { accepted: 0, filtered: 0, rejected: {} } });
    const saved: unknown = JSON.parse(JSON.stringify(keys.save()));
    const later = createPushKeys(clock, saved);
    assert.partialDeepStrictEqual(later.find(hash('a')), batch(1));
    assert.partialDeepStrictEqual(later.find(hash('b')), { bodyHash: hash('x'), counts: { accepted: 0 } });
    assert.deepEqual(later.save(), keys.save());
  });

  test('hold nothing of the keys and bodies they are of', () => {
    const keys = createPushKeys(createManualClock(), undefined);
    keys.note(hash('secret-key'), batch(1));
    assert.doesNotMatch(JSON.stringify(keys.save()), /secret|body/);
  });

  test('are forgotten after a day', () => {
    const clock = createManualClock();
    const keys = createPushKeys(clock, undefined);
    keys.note(hash('a'), batch(1));
    clock.advance(23 * HOUR_MS);
    keys.note(hash('b'), batch(2));
    assert.ok(keys.find(hash('a')));
    clock.advance(2 * HOUR_MS);
    assert.equal(keys.find(hash('a')), undefined);
    assert.ok(keys.find(hash('b')));
    assert.equal(keys.save().length, 1);
  });

  test('are bounded: the oldest go first', () => {
    const keys = createPushKeys(createManualClock(), undefined);
    for (let n = 0; n <= 10_000; n += 1) keys.note(hash(String(n)), batch(n));
    assert.equal(keys.save().length, 10_000);
    assert.equal(keys.find(hash('0')), undefined);
    assert.ok(keys.find(hash('1')));
  });

  test('that another version saved in another way are passed over', () => {
    const clock = createManualClock();
    const keys = createPushKeys(clock, undefined);
    keys.note(hash('a'), batch(1));
    const [line = ''] = keys.save();
    for (const saved of [null, 7, {}, [7, 'x', '', `${line} more`, line.replace(' ', '  ')]]) {
      assert.deepEqual(createPushKeys(clock, saved).save(), []);
    }
    const unknownReason = createPushKeys(clock, [`${line} new_reason=3`]);
    assert.deepEqual(unknownReason.find(hash('a'))?.counts, batch(1).counts);
  });
});
