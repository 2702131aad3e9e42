import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createFitWatch,
  type LineCounts,
  type SourceFit,
} from '../../../../../src/metrics/record/source/source-fit.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

function newWatch() {
  const clock = createManualClock();
  const told: SourceFit['verdict'][] = [];
  const watch = createFitWatch(clock, ({ verdict }) => told.push(verdict));
  const add = (counts: Partial<LineCounts>, times = 1) => {
    for (let time = 0; time < times; time += 1) watch.add({ events: 0, filtered: 0, rejected: 0, ...counts });
  };
  return { clock, told, watch, add };
}

describe('the fit of a source', () => {
  test('is bad when over half of the first lines were rejected, and not before there are 20', () => {
    const { watch, add, told } = newWatch();
    add({ rejected: 1 }, 19);
    assert.equal(watch.fit.verdict, 'good');
    add({ rejected: 1 });
    assert.deepEqual([watch.fit.verdict, watch.fit.rejected, told], ['rejected', 20, ['rejected']]);
  });

  test('is good when half were rejected', () => {
    const { watch, add } = newWatch();
    add({ events: 10, rejected: 10 });
    assert.equal(watch.fit.verdict, 'good');
  });

  for (const [name, size] of [
    ['single lines', 1],
    ['chunks', 130],
    ['large chunks', 5_000],
  ] as const) {
    test(`is about the last 1,000 lines or the last chunk, however long the log was read before: ${name}`, () => {
      const { watch, add } = newWatch();
      add({ events: size }, Math.ceil(20_000 / size));
      assert.equal(watch.fit.verdict, 'good');
      add({ rejected: size }, Math.ceil(600 / size));
      assert.equal(watch.fit.verdict, 'rejected');
      const lines = watch.fit.events + watch.fit.rejected;
      assert.ok(lines >= 1_000 && lines < Math.max(1_200, 2 * size), `${lines} lines`);
    });
  }

  test('is good again as soon as the log or its configuration was mended, and that is told', () => {
    const { watch, add, told } = newWatch();
    add({ rejected: 100 }, 10);
    add({ events: 1 }, 99);
    assert.equal(watch.fit.verdict, 'rejected');
    add({ events: 1 });
    assert.deepEqual([watch.fit.verdict, watch.fit.rejected, told], ['good', 0, ['rejected', 'good']]);
  });

  test('is not told every time when it comes and goes', () => {
    const { watch, add, told, clock } = newWatch();
    for (let round = 0; round < 10; round += 1) {
      add({ rejected: 1_000 });
      assert.equal(watch.fit.verdict, 'rejected');
      add({ events: 1_000 });
    }
    assert.deepEqual(told, ['rejected', 'good']);
    clock.advance(5 * 60_000);
    add({ rejected: 1_000 }, 2);
    assert.deepEqual(told, ['rejected', 'good', 'rejected']);
  });

  test('is told late rather than never when it stays bad', () => {
    const { add, told, clock } = newWatch();
    add({ rejected: 1_000 });
    add({ events: 1_000 });
    add({ rejected: 1_000 }, 2);
    assert.deepEqual(told, ['rejected', 'good']);
    clock.advance(5 * 60_000);
    add({ rejected: 1 });
    assert.deepEqual(told, ['rejected', 'good', 'rejected']);
  });

  test('deserves a look at the paths when no line at all was a request, until one is', () => {
    const { watch, add, told } = newWatch();
    add({ filtered: 100 }, 9);
    assert.equal(watch.fit.verdict, 'good');
    add({ filtered: 100 });
    assert.deepEqual([watch.fit.verdict, watch.fit.filtered], ['filtered', 1_000]);
    add({ filtered: 100 });
    assert.deepEqual([watch.fit.filtered, told], [1_100, ['filtered']]);
    add({ events: 1 });
    assert.deepEqual([watch.fit.verdict, told], ['good', ['filtered', 'good']]);
    add({ filtered: 100_000 });
    assert.equal(watch.fit.verdict, 'good');
  });
});
