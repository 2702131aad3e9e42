import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderOpenMetrics } from '../../../src/metrics/exposition.ts';
import type { SavedFamily, SavedSeries } from '../../../src/metrics/restore.ts';
import { TRUE_VALUES } from '../../../src/metrics/scrapers.ts';
import { createStore, type Store } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { parseOpenMetrics } from '../../support/open-metrics.ts';
import { saveFamilies } from '../../support/saved-families.ts';

const START_MS = 1_700_000_000_000;
const newStore = (startMs = START_MS) => createStore({ clock: createManualClock(startMs) });
const tokens = { provider: 'p', model: 'm', token_type: 'input' };
const series: SavedSeries = { labels: ['p', 'm', 'input'], createdMs: START_MS, birth: 1, values: [7] };
const family: SavedFamily = { name: 'llm_tokens_total', labels: ['provider', 'model', 'token_type'], series: [series] };

/** Lines of what is saved: all but gauges. */
function counted(store: Store) {
  const { samples, types } = parseOpenMetrics([...renderOpenMetrics(store.cut(), TRUE_VALUES)].join(''));
  return samples.filter(({ name }) => types.get(name) !== 'gauge');
}

describe('restoring saved values', () => {
  test('gives the very same exposition, whatever the labels hold', () => {
    const value = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\n', ',', ':', '|', '=', '{', '}', ' ', '\r', '\ud800', '\0', '\u2028'),
      maxLength: 5,
    });
    const labels = fc.record({ provider: value, model: value, token_type: value });
    fc.assert(
      fc.property(fc.array(fc.tuple(labels, fc.double({ min: 0, noNaN: true }))), (counts) => {
        const clock = createManualClock(START_MS);
        const store = createStore({ clock });
        for (const [each, amount] of counts) {
          clock.advance(1);
          store.add('llm_tokens_total', each, amount);
          store.observe('llm_time_to_first_token_seconds', each, amount);
        }
        const next = newStore(START_MS + 86_400_000);
        const saved = saveFamilies(store.cut());
        assert.deepEqual(next.restore(saved), { restored: saved.flatMap((one) => one.series).length, dropped: 0 });
        assert.deepEqual(counted(next), counted(store));
        assert.equal(next.births(), store.births());
      }),
    );
  });

  test('counts on from there, and tells when the series began', () => {
    const store = newStore(START_MS + 60_000);
    store.restore([family]);
    store.add('llm_tokens_total', tokens, 3);
    assert.deepEqual(counted(store), [
      { name: 'llm_tokens_total', labels: tokens, value: 10 },
      { name: 'llm_tokens_created', labels: tokens, value: START_MS / 1000 },
    ]);
  });

  test('takes labels in another order for the same', () => {
    const store = newStore();
    const turned = {
      ...family,
      labels: ['token_type', 'provider', 'model'],
      series: [{ ...series, labels: ['input', 'p', 'm'] }],
    };
    assert.deepEqual(store.restore([turned]), { restored: 1, dropped: 0 });
    assert.deepEqual(store.samples('llm_tokens_total'), [{ labels: tokens, value: 7 }]);
  });

  test('drops, and counts, families that have no place today', () => {
    const first = { name: 'llm_time_to_first_token_seconds', labels: ['provider', 'model'] };
    const strangers: readonly SavedFamily[] = [
      { ...family, name: 'llm_of_old_total' },
      { ...family, name: 'llm_requests_in_flight', labels: ['provider', 'model'] },
      { ...family, labels: ['provider', 'model'] },
      { ...family, labels: ['provider', 'model', 'user'] },
      { ...family, buckets: [1, 2] },
      { ...family, ...first, buckets: [1, 2] },
      { ...family, ...first },
    ];
    for (const stranger of strangers) {
      const store = newStore();
      assert.deepEqual(store.restore([stranger]), { restored: 0, dropped: 1 }, JSON.stringify(stranger));
      assert.deepEqual(counted(store), []);
    }
  });

  test('drops what is no count, and a second series of the same labels', () => {
    const unsound: readonly Partial<SavedSeries>[] = [
      { values: [] },
      { values: [1, 2] },
      { values: [-1] },
      { values: [Number.NaN] },
      { values: [Number.POSITIVE_INFINITY] },
      { labels: ['p', 'm'] },
      { labels: ['p', 'm', 'input', 'x'] },
      { birth: 0 },
      { birth: 1.5 },
      { createdMs: Number.NaN },
    ];
    for (const wrong of unsound) {
      const store = newStore();
      assert.deepEqual(store.restore([{ ...family, series: [{ ...series, ...wrong }] }]), { restored: 0, dropped: 1 });
      assert.deepEqual(counted(store), [], JSON.stringify(wrong));
    }
    const store = newStore();
    assert.deepEqual(store.restore([{ ...family, series: [series, { ...series, birth: 2 }] }]), {
      restored: 1,
      dropped: 1,
    });
    assert.deepEqual(store.samples('llm_tokens_total'), [{ labels: tokens, value: 7 }]);
  });

  test('gives new series younger births than all that were saved, dropped ones too', () => {
    const store = newStore();
    store.restore([family, { ...family, name: 'llm_of_old_total', series: [{ ...series, birth: 41 }] }]);
    store.add('llm_tokens_total', { ...tokens, model: 'new' });
    assert.equal(store.births(), 42);
  });

  test('keeps series in order of birth, whatever the order they were saved in', () => {
    const store = newStore();
    const saved = [9, 3, 5].map((birth) => ({ ...series, birth, labels: ['p', `m${birth}`, 'input'] }));
    store.restore([{ ...family, series: saved }]);
    const models = store.samples('llm_tokens_total').map(({ labels }) => labels.model);
    assert.deepEqual(models, ['m3', 'm5', 'm9']);
  });

  test('takes no series for older than those born before it, whatever the wall clock did', () => {
    const store = newStore();
    const saved = [0, 3_600_000, 60_000].map((agoMs, index) => ({
      ...{ ...series, birth: index + 1, createdMs: START_MS - agoMs },
      labels: ['p', `m${index}`, 'input'],
    }));
    store.restore([{ ...family, series: saved }]);
    assert.deepEqual([store.births(-1_800_000), store.births(-1), store.births(0)], [0, 0, 3]);
    store.add('llm_tokens_total', tokens);
    assert.deepEqual([store.births(0), store.births()], [4, 4]);
  });

  test('keeps more series than a limit that was lowered, and lets no new ones in', () => {
    const store = createStore({ clock: createManualClock(), limits: { series: 1 } });
    const saved = ['a', 'b'].map((model, index) => ({ ...series, birth: index + 1, labels: ['p', model, 'input'] }));
    assert.equal(store.restore([{ ...family, series: saved }]).restored, 2);
    for (const model of ['a', 'b', 'c']) store.add('llm_tokens_total', { ...tokens, model });
    const counts = store.samples('llm_tokens_total').map(({ labels, value }) => [labels.model, value]);
    assert.deepEqual(counts, [
      ['a', 8],
      ['b', 8],
      ['other', 1],
    ]);
  });

  test('comes first: a store that has counted refuses', () => {
    const store = newStore();
    store.add('llm_tokens_total', tokens, 0);
    assert.throws(() => store.restore([family]), /store of 1 series/);
  });
});
