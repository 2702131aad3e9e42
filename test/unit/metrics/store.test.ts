import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createStore } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const newStore = (series?: number) => createStore({ clock: createManualClock(), limits: { series } });
const request = { provider: 'novita', model: 'm1', code: '503', cause: 'model_overloaded', stream: 'false' };

/** Strings made of what formats and separators are made of, and of what is no UTF-8. */
const hostile = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', ',', ':', '|', '=', '{', '}', ' ', '\r', '\ud800', '\0'),
    maxLength: 6,
  }),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

describe('store', () => {
  test('counts each label set apart, whatever characters its values hold', () => {
    const labelSet = fc.record({ provider: hostile, model: hostile, token_type: hostile });
    fc.assert(
      fc.property(fc.array(labelSet, { maxLength: 30 }), (sets) => {
        const store = newStore();
        const expected = new Map<string, number>();
        for (const labels of sets) {
          store.add('llm_tokens_total', labels);
          // What has no UTF-8 form, or ends Prometheus' text, is the replacement character before it is a label.
          const seen = Object.values(labels).map((value) => value.toWellFormed().replaceAll('\0', '\ufffd'));
          expected.set(JSON.stringify(seen), (expected.get(JSON.stringify(seen)) ?? 0) + 1);
        }
        const counted = store
          .samples('llm_tokens_total')
          .map(
            ({ labels, value }) => [JSON.stringify([labels.provider, labels.model, labels.token_type]), value] as const,
          );
        assert.deepEqual(new Map(counted), expected);
        assert.equal(counted.length, expected.size);
      }),
    );
  });

  test('does not take one label for another where prom-client does', () => {
    const store = newStore();
    store.add('llm_tokens_total', { provider: '1,model:2', model: '3', token_type: 'x' });
    store.add('llm_tokens_total', { provider: '1', model: '2,model:3', token_type: 'x' });
    assert.equal(store.samples('llm_tokens_total').length, 2);
  });

  test('ignores an amount that would make a counter lie', () => {
    const store = newStore();
    for (const amount of [5, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      store.add('llm_requests_total', request, amount);
      store.counter('llm_requests_total', request)(amount);
    }
    assert.deepEqual(store.samples('llm_requests_total'), [{ labels: request, value: 10 }]);
  });

  test('a series found once and one found each time are the same', () => {
    const store = newStore();
    const count = store.counter('llm_requests_total', request);
    count();
    store.add('llm_requests_total', request, 2);
    count(4);
    assert.equal(store.samples('llm_requests_total')[0]?.value, 7);
  });

  test('counts new models as "other" beyond the series limit, and says so', () => {
    const store = newStore(3);
    for (const model of ['a', 'b', 'c', 'd', 'e', 'd']) store.add('llm_requests_total', { ...request, model });
    const counts = store.samples('llm_requests_total').map(({ labels, value }) => [labels.model, value]);
    assert.deepEqual(counts, [
      ['a', 1],
      ['b', 1],
      ['c', 1],
      ['other', 3],
    ]);
    assert.deepEqual(store.samples('llm_exporter_label_overflow_total'), [{ labels: { label: 'series' }, value: 3 }]);
  });

  test('counts what is held under "other" too, each time', () => {
    const store = newStore(0);
    const count = store.counter('llm_requests_total', request);
    const observe = store.histogram('llm_time_to_first_token_seconds', { provider: 'p', model: 'm' });
    count();
    count(2);
    observe(1);
    assert.deepEqual(store.samples('llm_requests_total'), [{ labels: { ...request, model: 'other' }, value: 3 }]);
    assert.equal(store.samples('llm_exporter_label_overflow_total')[0]?.value, 3);
  });

  test('keeps a live series at the limit', () => {
    const store = newStore(1);
    store.add('llm_requests_total', request);
    store.add('llm_requests_total', { ...request, model: 'late' });
    store.add('llm_requests_total', request);
    assert.equal(store.samples('llm_requests_total').find(({ labels }) => labels.model === 'm1')?.value, 2);
  });

  test('a gauge can be removed and set again; its neighbours stay', () => {
    const store = newStore();
    store.set('llm_exporter_source_up', { source: 'a' }, 1);
    store.set('llm_exporter_source_up', { source: 'b' }, 1);
    store.remove('llm_exporter_source_up', { source: 'a' });
    store.remove('llm_exporter_source_up', { source: 'never there' });
    assert.deepEqual(store.samples('llm_exporter_source_up'), [{ labels: { source: 'b' }, value: 1 }]);
    store.set('llm_exporter_source_up', { source: 'a' }, 0);
    assert.equal(store.samples('llm_exporter_source_up').length, 2);
  });

  test('tells how many series a family has and may have', () => {
    const store = newStore(7);
    store.add('llm_requests_total', request);
    store.collect();
    const of = (name: 'llm_exporter_series' | 'llm_exporter_series_limit') =>
      store.samples(name).find(({ labels }) => labels.family === 'llm_requests_total')?.value;
    assert.deepEqual([of('llm_exporter_series'), of('llm_exporter_series_limit')], [1, 7]);
  });

  test('runs what is derived at a scrape before it gives the families', () => {
    const store = newStore();
    store.beforeCollect(() => store.set('llm_requests_in_flight', { provider: 'p', model: 'm' }, 4));
    const family = store.cut().families.find(({ name }) => name === 'llm_requests_in_flight');
    assert.deepEqual([...(family?.values ?? [])], [4]);
  });
});
