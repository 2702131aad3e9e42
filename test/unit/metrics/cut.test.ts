import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { FamilyName } from '../../../src/metrics/families.ts';
import { createStore, type Store } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const newStore = () => createStore({ clock: createManualClock() });
const timing = { provider: 'p', model: 'm' };
const tokens = (model: string) => ({ provider: 'p', model, token_type: 'input' });

function read(store: Store, wanted: FamilyName) {
  const cut = store.cut().families.find(({ name }) => name === wanted);
  assert.ok(cut !== undefined);
  return cut;
}

describe('cut', () => {
  test('stays as it was, whatever is counted, born or removed later', () => {
    const store = newStore();
    const count = store.counter('llm_tokens_total', tokens('a'));
    const observe = store.histogram('llm_time_to_first_token_seconds', timing);
    store.set('llm_exporter_source_up', { source: 's' }, 1);
    count(7);
    observe(0.2);
    const before = store.cut();
    const copy = structuredClone(before);
    count(1);
    observe(3);
    store.add('llm_tokens_total', tokens('b'), 5);
    store.remove('llm_exporter_source_up', { source: 's' });
    assert.deepEqual(before, copy);
    assert.deepEqual([...read(store, 'llm_tokens_total').values], [8, 5]);
  });

  test('holds buckets and sum of each histogram, in its place', () => {
    const store = newStore();
    store.observe('llm_time_to_first_token_seconds', timing, 1000);
    store.observe('llm_time_to_first_token_seconds', { ...timing, model: 'other' }, 0.05);
    const { stride, values, cells, kind } = read(store, 'llm_time_to_first_token_seconds');
    assert.deepEqual([kind, stride, cells.length, values.length], ['histogram', 16, 2, 32]);
    assert.deepEqual([values[14], values[15], values[16], values[31]], [1, 1000, 1, 0.05]);
  });

  test('a later one begins with the same counters', () => {
    const store = newStore();
    for (const model of ['b', 'a', 'c']) store.add('llm_tokens_total', tokens(model));
    const earlier = read(store, 'llm_tokens_total').cells;
    for (let index = 0; index < 100; index += 1) store.add('llm_tokens_total', tokens(`new ${index}`));
    const later = read(store, 'llm_tokens_total').cells;
    assert.deepEqual(later.slice(0, 3), earlier);
    assert.deepEqual(
      later.map(({ birth }) => birth),
      later.map((_cell, index) => index + 1),
    );
  });

  test('holds every gauge with its own value, however they come and go', () => {
    const source = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), source, value: fc.integer() }),
      fc.record({ do: fc.constant('remove' as const), source }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const store = newStore();
        const expected = new Map<string, number>();
        for (const each of steps) {
          if (each.do === 'set') {
            store.set('llm_exporter_source_up', { source: each.source }, each.value);
            expected.set(each.source, each.value);
          } else {
            store.remove('llm_exporter_source_up', { source: each.source });
            expected.delete(each.source);
          }
        }
        const { cells, values } = read(store, 'llm_exporter_source_up');
        const found = cells.map(({ labelValues }, index) => [labelValues[0], values[index]] as const);
        assert.deepEqual(new Map(found), expected);
        assert.equal(found.length, expected.size);
      }),
    );
  });
});
