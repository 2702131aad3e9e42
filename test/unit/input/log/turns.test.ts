import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { createTurns } from '../../../../src/input/log/turns.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

/** Turns whose rounds the test takes by hand, and who had a step in them. */
function manualTurns() {
  const clock = createManualClock();
  const planned: (() => void)[] = [];
  const taken: string[] = [];
  const turns = createTurns({ clock, pollIntervalMs: 250, soon: (task) => planned.push(task) });
  return {
    clock,
    planned,
    /** Joins with a source that is behind for so many steps. */
    join(name: string, steps: number) {
      let left = steps;
      return turns.join(() => {
        taken.push(name);
        left -= 1;
        return left > 0;
      });
    },
    /** Takes this many rounds, in each of which one step at most may be planned; answers who had them. */
    rounds(count: number): string {
      taken.length = 0;
      for (let round = 0; round < count; round += 1) {
        assert.ok(planned.length <= 1, 'one step a round');
        planned.shift()?.();
      }
      return taken.join('');
    },
  };
}

test('sources that are behind take turns, one step of one source a round', () => {
  const { join, rounds } = manualTurns();
  join('a', 3);
  join('b', 2);
  join('c', 4);
  assert.equal(rounds(1), 'a');
  assert.equal(rounds(20), 'bcabcacc');
});

test('nobody has a turn before the first round', () => {
  const { join, rounds } = manualTurns();
  join('a', 1);
  assert.equal(rounds(0), '');
});

test('a source at its end is looked at after each interval, and nothing runs in between', () => {
  const { join, rounds, clock, planned } = manualTurns();
  join('a', 1);
  join('b', 1);
  assert.equal(rounds(9), 'ab');
  for (let look = 0; look < 3; look += 1) {
    clock.advance(249);
    assert.equal(planned.length, 0);
    clock.advance(1);
    assert.equal(rounds(9), 'ab');
  }
});

test('a source that was at its end waits for no more than one round of those that are behind', () => {
  const { join, rounds, clock } = manualTurns();
  join('a', 1);
  join('b', 100);
  join('c', 100);
  assert.equal(rounds(5), 'abcbc');
  clock.advance(250);
  assert.equal(rounds(5), 'bcabc');
});

test('a source that has left has no more turns, waiting or idle', () => {
  const { join, rounds, clock } = manualTurns();
  const behind = join('a', 100);
  const idle = join('b', 1);
  assert.equal(rounds(4), 'abaa');
  behind.leave();
  idle.leave();
  clock.advance(1000);
  assert.equal(rounds(4), '');
});

test('a source that was at its end has a turn at once when it is woken, and one that has left has none', () => {
  const { join, rounds } = manualTurns();
  const idle = join('a', 1);
  const gone = join('b', 1);
  assert.equal(rounds(3), 'ab');
  idle.wake();
  gone.leave();
  gone.wake();
  assert.equal(rounds(3), 'a');
});

test('on the real event loop one step runs between two rounds, however many sources are behind', async () => {
  let steps = 0;
  const turns = createTurns({ clock: createManualClock() });
  const places = Array.from({ length: 10 }, () =>
    turns.join(() => {
      steps += 1;
      return true;
    }),
  );
  for (let round = 1; round <= 50; round += 1) {
    await nextRound();
    assert.equal(steps, round);
  }
  for (const { leave } of places) leave();
});
