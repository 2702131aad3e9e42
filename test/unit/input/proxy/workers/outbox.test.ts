import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Outbox } from '../../../../../src/input/proxy/workers/outbox.ts';

function newOutbox() {
  const batches: (readonly number[])[] = [];
  const sent: (() => void)[] = [];
  const outbox = new Outbox<number>((batch, done) => {
    batches.push(batch);
    sent.push(done);
  });
  return { outbox, batches, taken: () => sent.shift()?.() };
}

test('what comes up in one turn of the event loop goes out in one batch', async () => {
  const { outbox, batches } = newOutbox();
  outbox.push(1);
  await Promise.resolve();
  outbox.push(2);
  assert.deepEqual(batches, []);
  await turn();
  assert.deepEqual(batches, [[1, 2]]);
});

test('a batch waits for the one before it, and can be seen to wait', async () => {
  const { outbox, batches, taken } = newOutbox();
  outbox.push(1);
  await turn();
  outbox.push(2);
  outbox.push(3);
  await turn();
  assert.deepEqual([batches, outbox.size], [[[1]], 2]);
  taken();
  await turn();
  assert.deepEqual([batches, outbox.size], [[[1], [2, 3]], 0]);
  taken();
  await turn();
  assert.equal(batches.length, 2, 'nothing is sent that holds nothing');
});

test('a flush hands over at once, in order, whatever is on its way', async () => {
  const { outbox, batches, taken } = newOutbox();
  outbox.push(1);
  await turn();
  outbox.push(2);
  let isSent = false;
  outbox.flush(() => {
    isSent = true;
  });
  assert.deepEqual([batches, isSent], [[[1], [2]], false]);
  taken();
  taken();
  assert.equal(isSent, true);
});
