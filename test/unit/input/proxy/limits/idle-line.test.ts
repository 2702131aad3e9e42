import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIdleLine, type IdlePlace } from '../../../../../src/input/proxy/limits/idle-line.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

interface Place extends IdlePlace<Place> {
  readonly name: number;
}

const placeOf = (name: number): Place => ({
  name,
  socket: new Socket(),
  idleSinceMs: undefined,
  older: undefined,
  newer: undefined,
});

const step = fc.record({ who: fc.nat({ max: 5 }), joins: fc.boolean() });

test('whoever joins and leaves, the longest idle is first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = createIdleLine<Place>({ clock: createManualClock(), maxIdleMs: 100 });
      const places = Array.from({ length: 6 }, (_, name) => placeOf(name));
      let expected: readonly number[] = [];
      for (const { who, joins } of steps) {
        const place = places[who] ?? placeOf(who);
        if (joins) line.add(place);
        else line.remove(place);
        if (!joins) expected = expected.filter((name) => name !== who);
        else if (!expected.includes(who)) expected = [...expected, who];
        assert.equal(line.longest()?.name, expected[0]);
      }
      const served: (number | undefined)[] = [];
      for (let next = line.longest(); next !== undefined; next = line.longest()) {
        served.push(next.name);
        line.remove(next);
      }
      assert.deepEqual(served, expected);
      const links = places.flatMap(({ older, newer, idleSinceMs }) => [older, newer, idleSinceMs]);
      assert.ok(
        links.every((link) => link === undefined),
        'nothing is left behind',
      );
    }),
  );
});

test('one that was idle for so long is closed, and no other', () => {
  const clock = createManualClock();
  const line = createIdleLine<Place>({ clock, maxIdleMs: 100 });
  const [idle, busy, later] = [placeOf(1), placeOf(2), placeOf(3)];
  const closed = (): boolean[] => [idle, busy, later].map(({ socket }) => socket.destroyed);
  for (const place of [idle, busy]) line.add(place);
  clock.advance(50);
  line.add(later);
  line.remove(busy);
  clock.advance(49);
  assert.deepEqual(closed(), [false, false, false]);
  clock.advance(1);
  assert.deepEqual(closed(), [true, false, false]);
  assert.equal(line.longest(), later);
  clock.advance(49);
  assert.deepEqual(closed(), [true, false, false]);
  clock.advance(1);
  assert.deepEqual(closed(), [true, false, true]);
  assert.equal(line.longest(), undefined);
});
