import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWaiting } from '../../../../../src/input/proxy/turn/waiting.ts';

/** What is done to the queue: someone comes, or the one at this place of it goes. */
const steps = fc.array(
  fc.oneof(
    fc.record({ rank: fc.nat({ max: 3 }) }),
    fc.record({ leaves: fc.nat({ max: 20 }) }),
    fc.constantFrom('first' as const, 'last' as const),
  ),
  { maxLength: 200 },
);

test('those who wait stand by rank and then by age, whoever comes and goes', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const waiting = createWaiting<number>();
      const model: { readonly id: number; readonly rank: number }[] = [];
      const inOrder = () => model.toSorted((a, b) => a.rank - b.rank || a.id - b.id);
      const removed = (id: number | undefined) => {
        const at = model.findIndex((one) => one.id === id);
        assert.equal(id !== undefined && waiting.remove(id), at !== -1);
        if (at !== -1) model.splice(at, 1);
      };
      for (const [id, step] of all.entries()) {
        if (step === 'first') removed(waiting.first());
        else if (step === 'last') removed(waiting.last()?.who);
        else if ('leaves' in step) removed(model[step.leaves]?.id ?? -1);
        else {
          waiting.add(id, step.rank);
          model.push({ id, rank: step.rank });
        }
        const ids = inOrder().map((one) => one.id);
        assert.deepEqual(
          waiting.all(),
          ids.toSorted((a, b) => a - b),
        );
        assert.equal(waiting.size, ids.length);
        assert.equal(waiting.first(), ids[0]);
        const lowest = Math.max(...model.map((one) => one.rank));
        const newest = inOrder().findLast((one) => one.rank === lowest);
        assert.equal(waiting.last()?.who, newest?.id);
      }
    }),
  );
});
