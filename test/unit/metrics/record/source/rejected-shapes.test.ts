import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RejectReason } from '../../../../../src/event/sink.ts';
import { createRejectedShapes } from '../../../../../src/metrics/record/source/rejected-shapes.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

function newShapes() {
  const clock = createManualClock();
  const shapes = createRejectedShapes(clock);
  let asked = 0;
  const note = (reason: RejectReason, shape: string) =>
    shapes.note(reason, () => {
      asked += 1;
      return shape;
    });
  return { clock, shapes, note, asked: () => asked };
}

describe('rejected shapes', () => {
  test('are told once each, with how often and when they were seen last, the latest first', () => {
    const { shapes, note, clock } = newShapes();
    note('no_match', 'a 0');
    note('invalid_json', '{"a');
    clock.advance(60_000);
    note('no_match', 'a 0');
    assert.deepEqual(shapes.list(), [
      { reason: 'no_match', shape: 'a 0', seen: 2, lastMs: clock.nowMs() },
      { reason: 'invalid_json', shape: '{"a', seen: 1, lastMs: clock.nowMs() - 60_000 },
    ]);
  });

  test('a storm of one reason does not hide the one line of another, whenever that comes', () => {
    const { shapes, note } = newShapes();
    note('invalid_json', '{"a');
    for (let count = 0; count < 500; count += 1) note('no_match', `${'-'.repeat(count)}a`);
    note('missing_code', '{}');
    const reasons = Map.groupBy(shapes.list(), ({ reason }) => reason);
    assert.deepEqual(
      [...reasons].map(([reason, kept]) => [reason, kept.length]),
      [
        ['invalid_json', 1],
        ['no_match', 5],
        ['missing_code', 1],
      ],
    );
  });

  test('are asked for 100 times at first and then 5 times a second, whatever comes', () => {
    const { shapes, note, asked, clock } = newShapes();
    const flood = () => {
      for (let count = 0; count < 1_000; count += 1) {
        note('no_match', 'a');
        shapes.refill();
      }
    };
    flood();
    assert.equal(asked(), 100);
    clock.advance(999);
    flood();
    assert.equal(asked(), 100);
    clock.advance(1);
    flood();
    assert.equal(asked(), 105);
    clock.advance(3_600_000);
    flood();
    assert.equal(asked(), 110);
  });
});
