import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderText } from '../../../src/metrics/exposition.ts';
import { families } from '../../../src/metrics/families.ts';
import { TRUE_VALUES } from '../../../src/metrics/scrapers.ts';
import { createStore, type Store } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { parseExposition } from '../../support/scrape.ts';

const newStore = () => createStore({ clock: createManualClock() });
const render = (store: Store) => [...renderText(store.cut(), TRUE_VALUES)].join('');
const timing = { provider: 'p', model: 'm' };

describe('text exposition', () => {
  test('writes a counter as Prometheus documents it', () => {
    const store = newStore();
    store.add('llm_tokens_total', { provider: 'novita', model: 'a"b\\c\nd', token_type: 'input' }, 42);
    const expected = [
      '# HELP llm_tokens_total Tokens as the API reported them in its usage.',
      '# TYPE llm_tokens_total counter',
      'llm_tokens_total{provider="novita",model="a\\"b\\\\c\\nd",token_type="input"} 42',
    ].join('\n');
    assert.ok(render(store).startsWith(`${expected}\n`));
  });

  test('cumulates the buckets of a histogram; a value on a bound is inside it', () => {
    const store = newStore();
    for (const seconds of [0.05, 0.06, 7, 1000]) store.observe('llm_time_to_first_token_seconds', timing, seconds);
    const scrape = parseExposition(render(store));
    const bucket = (le: string) => scrape.sum('llm_time_to_first_token_seconds_bucket', { le });
    assert.deepEqual(['0.05', '0.1', '5.0', '10.0', '120.0', '+Inf'].map(bucket), [1, 2, 2, 3, 3, 4]);
    assert.equal(scrape.sum('llm_time_to_first_token_seconds_count'), 4);
    assert.equal(scrape.sum('llm_time_to_first_token_seconds_sum'), 1007.11);
  });

  test('every histogram agrees with itself, whatever is observed', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (values) => {
        const store = newStore();
        for (const value of values) store.observe('llm_time_to_first_token_seconds', timing, value);
        const observed = values.filter((value) => value >= 0 && value < Number.POSITIVE_INFINITY);
        const { samples, sum } = parseExposition(render(store));
        const buckets = samples.filter(({ name }) => name === 'llm_time_to_first_token_seconds_bucket');
        for (const { labels, value } of buckets) {
          const bound = Number(labels.le?.replace('Inf', 'Infinity'));
          assert.equal(value, observed.filter((seconds) => seconds <= bound).length, `le=${labels.le}`);
        }
        assert.equal(sum('llm_time_to_first_token_seconds_count'), observed.length);
      }),
    );
  });

  test('writes values that are no ordinary numbers as Prometheus reads them', () => {
    const store = newStore();
    const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e21, 0.1 + 0.2];
    values.forEach((value, index) => {
      store.set('llm_exporter_source_up', { source: String(index) }, value);
    });
    const printed = [...render(store).matchAll(/source_up\{source="\d"\} (.*)/g)].map((match) => match[1]);
    assert.deepEqual(printed, ['+Inf', '-Inf', 'NaN', '1e+21', '0.30000000000000004']);
  });

  test('keeps the order of the table and leaves out families without series', () => {
    const store = newStore();
    store.observe('llm_exporter_scrape_duration_seconds', {}, 0.01);
    store.add('llm_requests_total', { ...timing, code: '200', cause: 'none', stream: 'true' });
    const named = [...render(store).matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    const inTable = Object.keys(families).filter((name) => named.includes(name));
    assert.deepEqual(named, inTable);
    assert.ok(!named.includes('llm_tokens_total'));
    assert.match(render(store), /^llm_exporter_scrape_duration_seconds_bucket\{le="0.001"\} 0$/m);
    assert.match(render(store), /^llm_exporter_scrape_duration_seconds_count 1$/m);
  });

  test('comes in pieces that together are the text, each of whole lines', () => {
    const store = newStore();
    for (let index = 0; index < 5_000; index += 1) {
      store.add('llm_requests_total', { ...timing, model: `m${index}`, code: '200', cause: 'none', stream: 'true' });
    }
    const pieces = [...renderText(store.cut(), TRUE_VALUES)];
    assert.ok(pieces.length > 1);
    assert.ok(pieces.every((piece) => piece.endsWith('\n') && piece.length < 100_000));
    assert.equal(parseExposition(pieces.join('')).sum('llm_requests_total'), 5_000);
  });

  test('prints each series once and reads back as it was counted, whatever characters it holds', () => {
    const value = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\n', 'n', ',', '=', '}', ' ', '\u{1f600}', '\udc00', '\0'),
    });
    fc.assert(
      fc.property(fc.array(fc.record({ provider: value, model: value, token_type: value })), (sets) => {
        const store = newStore();
        for (const labels of sets) store.add('llm_tokens_total', labels);
        const text = render(store);
        assert.ok(text.isWellFormed() && !text.includes('\0'));
        const printed = parseExposition(text).samples.filter(({ name }) => name === 'llm_tokens_total');
        assert.deepEqual(
          printed.map(({ labels, value }) => ({ labels, value })),
          store.samples('llm_tokens_total'),
        );
        assert.equal(new Set(printed.map(({ labels }) => JSON.stringify(labels))).size, printed.length);
      }),
    );
  });
});
