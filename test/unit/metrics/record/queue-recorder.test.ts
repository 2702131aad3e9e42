import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAdmission } from '../../../../src/metrics/record/model-admission.ts';
import { createQueueRecorder } from '../../../../src/metrics/record/queue-recorder.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const CORE = { provider: 'p', priority: 'core' };

function newQueue() {
  const clock = createManualClock();
  const store = createStore({ clock });
  const admission = createAdmission({ onOverflow: () => undefined });
  const { queue, begin } = createQueueRecorder({ store, clock, admission });
  const values = (name: 'llm_queue_depth' | 'llm_queue_rejected_total') => {
    store.collect();
    return Object.fromEntries(store.samples(name).map(({ labels, value }) => [labels.priority, value]));
  };
  const waits = () => {
    const family = store.cut().families.find(({ name }) => name === 'llm_queue_wait_seconds');
    if (family === undefined) return [];
    const { cells, values: numbers, stride } = family;
    return cells.map(({ labelValues }, index) => {
      const own = [...numbers.subarray(index * stride, (index + 1) * stride)];
      const sum = own.pop();
      return [labelValues[1], own.reduce((a, b) => a + b), sum];
    });
  };
  return { clock, queue, begin, values, waits };
}

describe('the queue', () => {
  test('begins at 0 for every configured priority', () => {
    const { begin, values, waits } = newQueue();
    begin(
      new Map([
        ['p', { models: [], priorities: ['core', 'default'] }],
        ['q', { models: [] }],
      ]),
    );
    assert.deepEqual(values('llm_queue_depth'), { core: 0, default: 0 });
    assert.deepEqual(values('llm_queue_rejected_total'), { core: 0, default: 0 });
    assert.deepEqual(waits(), [
      ['core', 0, 0],
      ['default', 0, 0],
    ]);
  });

  test('tells who waits, how long those waited who had their turn, and who was sent away', () => {
    const { clock, queue, values, waits } = newQueue();
    const [first, second, third] = [queue(CORE), queue(CORE), queue(CORE)];
    queue({ ...CORE, priority: 'default' }).admitted();
    assert.deepEqual(values('llm_queue_depth'), { core: 3, default: 0 });
    clock.advance(2500);
    first.admitted();
    second.rejected();
    third.left();
    assert.deepEqual(values('llm_queue_depth'), { core: 0, default: 0 });
    assert.deepEqual(values('llm_queue_rejected_total'), { core: 1, default: 0 });
    assert.deepEqual(
      waits(),
      [
        ['core', 1, 2.5],
        ['default', 1, 0],
      ],
      'a turn at once is a wait of 0',
    );
  });

  test('counts one end of a wait, whatever is called after it', () => {
    const { queue, values, waits } = newQueue();
    const one = queue(CORE);
    for (const end of [one.left, one.rejected, one.admitted, one.left]) end();
    assert.deepEqual(values('llm_queue_depth'), { core: 0 });
    assert.deepEqual(values('llm_queue_rejected_total'), { core: 0 });
    assert.deepEqual(waits(), [['core', 0, 0]]);
  });
});
