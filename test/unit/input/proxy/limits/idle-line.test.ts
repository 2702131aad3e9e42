import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIdleLine, type IdlePlace } from '../../../../../src/input/proxy/limits/idle-line.ts';

interface Place extends IdlePlace<Place> {
  readonly name: number;
}

const placeOf = (name: number, bytesRead = (): number => 0): Place => ({
  name,
  socket: Object.defineProperty(new Socket(), 'bytesRead', { get: bytesRead }),
  idleFrom: undefined,
  older: undefined,
  newer: undefined,
});

const step = fc.record({ who: fc.nat({ max: 5 }), joins: fc.boolean() });

test('whoever joins and leaves, the longest idle is first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = createIdleLine<Place>();
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
  const line = createIdleLine<Place>();
  let read = 10;
  line.add(placeOf(1, () => read));
  line.add(placeOf(2));
  assert.equal(line.longest()?.name, 1);
  read = 11;
  assert.equal(line.longest()?.name, 2);
});
