import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIdleLine, type IdlePlace } from '../../../../../src/input/proxy/limits/idle-line.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

interface Place extends IdlePlace<Place> {
  readonly name: number;
}

const placeOf = (name: number, bytesRead = (): number => 0): Place => ({
  name,
  socket: Object.defineProperty(new Socket(), 'bytesRead', { get: bytesRead }),
  idleFrom: undefined,
  quietMs: 0,
  quietFrom: 0,
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
      const links = places.flatMap(({ older, newer, idleFrom }) => [older, newer, idleFrom]);
      assert.ok(
        links.every((link) => link === undefined),
        'nothing is left behind',
      );
    }),
  );
});

test('one on which a request is on its way is passed over', () => {
  const line = createIdleLine<Place>({ clock: createManualClock(), maxIdleMs: 100 });
  let read = 10;
  line.add(placeOf(1, () => read));
  line.add(placeOf(2));
  assert.equal(line.longest()?.name, 1);
  read = 11;
  assert.equal(line.longest()?.name, 2);
});

test('one that was quiet for so long is closed, and no other', () => {
  const clock = createManualClock();
  const line = createIdleLine<Place>({ clock, maxIdleMs: 100 });
  let read = 10;
  const [quiet, busy, slow, later] = [placeOf(1), placeOf(2), placeOf(3, () => read), placeOf(4)];
  const closed = (): boolean[] => [quiet, busy, slow, later].map(({ socket }) => socket.destroyed);
  for (const place of [quiet, busy, slow]) line.add(place);
  clock.advance(50);
  line.add(later);
  line.remove(busy);
  read = 11;
  clock.advance(49);
  assert.deepEqual(closed(), [false, false, false, false]);
  clock.advance(1);
  assert.deepEqual(closed(), [true, false, false, false]);
  assert.equal(line.longest(), later, 'what comes on the slow one may become a request');
  clock.advance(50);
  assert.deepEqual(closed(), [true, false, false, true]);
  clock.advance(49);
  assert.deepEqual(closed(), [true, false, false, true]);
  clock.advance(1);
  assert.deepEqual(closed(), [true, false, true, true]);
  assert.equal(line.longest(), undefined);
});
