import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderOpenMetrics, renderText } from '../../../src/metrics/exposition.ts';
import { type Family, families } from '../../../src/metrics/families.ts';
import { TRUE_VALUES } from '../../../src/metrics/scrapers.ts';
import { createStore, type Store } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { parseOpenMetrics } from '../../support/open-metrics.ts';
import { parseExposition } from '../../support/scrape.ts';

const START_MS = 1_700_000_000_000;
const newStore = () => createStore({ clock: createManualClock(START_MS) });
const render = (store: Store) => [...renderOpenMetrics(store.cut(), TRUE_VALUES)].join('');
const timing = { provider: 'p', model: 'm' };

describe('OpenMetrics exposition', () => {
  test('names a counter without _total above its lines, tells when it began, and ends', () => {
    const store = newStore();
    store.add('llm_tokens_total', { ...timing, token_type: 'input' }, 42);
    const expected = [
      '# HELP llm_tokens Tokens as the API reported them in its usage.',
      '# TYPE llm_tokens counter',
      'llm_tokens_total{provider="p",model="m",token_type="input"} 42',
      'llm_tokens_created{provider="p",model="m",token_type="input"} 1700000000',
    ].join('\n');
    assert.ok(render(store).startsWith(`${expected}\n`));
    assert.ok(render(store).endsWith('\n# EOF\n'));
  });

  test('tells when a histogram began, and of no gauge', () => {
    const store = newStore();
    store.observe('llm_time_to_first_token_seconds', timing, 3);
    store.set('llm_requests_in_flight', timing, 3);
    const created = parseOpenMetrics(render(store)).samples.filter(({ name }) => name.endsWith('_created'));
    assert.deepEqual(created, [{ name: 'llm_time_to_first_token_seconds_created', labels: timing, value: 1.7e9 }]);
  });

  test('escapes quotes in help texts', () => {
    const store = newStore();
    assert.match(render(store), /^# HELP llm_exporter_series_limit .*\\"other\\"\.$/m);
    parseOpenMetrics(render(store));
  });

  test('tells a counter of others that is not called so as unknown, under its name', () => {
    const registered = [{ name: 'jobs', help: '', type: 'counter', values: [{ value: 3, labels: {} }] }];
    const text = [...renderOpenMetrics(newStore().cut(), TRUE_VALUES, registered)].join('');
    assert.match(text, /# TYPE jobs unknown\njobs 3\n# EOF\n$/);
    parseOpenMetrics(text);
  });

  test('spells bounds alike in both formats, also those of others', () => {
    const store = newStore();
    store.observe('llm_request_duration_seconds', { ...timing, stream: 'true', outcome: 'success' }, 3);
    const values = [0.5, 1, '+Inf'].map((le) => ({ value: 3, labels: { le }, metricName: 'gc_seconds_bucket' }));
    const registered = [
      { name: 'gc_seconds', help: '', type: 'histogram', values },
      { name: 'version', help: '', type: 'gauge', values: [{ value: 1, labels: { major: 26 } }] },
    ];
    const bounds = (text: string) => text.match(/le="[^"]+"|major="\d+"/g);
    const text = bounds([...renderText(store.cut(), TRUE_VALUES, registered)].join(''));
    assert.deepEqual(text, bounds([...renderOpenMetrics(store.cut(), TRUE_VALUES, registered)].join('')));
    assert.deepEqual(text?.slice(0, 5), ['le="0.1"', 'le="0.25"', 'le="0.5"', 'le="1.0"', 'le="2.5"']);
    assert.deepEqual(text?.slice(-5), ['le="+Inf"', 'le="0.5"', 'le="1.0"', 'le="+Inf"', 'major="26"']);
  });

  test('no bound of the table is one that Go writes with an exponent', () => {
    for (const { buckets = [] } of Object.values<Family>(families)) {
      for (const bound of buckets) assert.ok(bound >= 0.0001 && bound < 1_000_000, String(bound));
    }
  });

  test('tells the same numbers as text, whatever the labels hold', () => {
    const value = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\n', '#', ',', '=', '}', '{', ' ', '\u{1f600}', '\udc00', '\0'),
    });
    const series = fc.record({ provider: value, model: value, token_type: value });
    fc.assert(
      fc.property(fc.array(fc.tuple(series, fc.double({ min: 0, noNaN: true }))), (counts) => {
        const store = newStore();
        for (const [labels, amount] of counts) {
          store.add('llm_tokens_total', labels, amount);
          store.observe('llm_time_to_first_token_seconds', labels, amount);
        }
        const cut = store.cut();
        const { samples } = parseOpenMetrics([...renderOpenMetrics(cut, TRUE_VALUES)].join(''));
        const text = parseExposition([...renderText(cut, TRUE_VALUES)].join('')).samples;
        assert.deepEqual(
          samples.filter(({ name }) => !name.endsWith('_created')),
          text,
        );
        assert.equal(
          new Set(samples.map((sample) => JSON.stringify([sample.name, sample.labels]))).size,
          samples.length,
        );
      }),
    );
  });
});
