import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderOpenMetrics, renderText } from '../../../src/metrics/exposition.ts';
import { TRUE_VALUES } from '../../../src/metrics/scrapers.ts';
import { createStore } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { parseOpenMetrics } from '../../support/open-metrics.ts';

const START_MS = 1_700_000_000_000;
const failed = { provider: 'p', model: 'm', code: '503', cause: 'model_overloaded', stream: 'false' };
const timing = { provider: 'p', model: 'm', stream: 'false', outcome: 'error' };

function newWorld() {
  const clock = createManualClock(START_MS);
  const store = createStore({ clock });
  const read = (view = TRUE_VALUES) => parseOpenMetrics([...renderOpenMetrics(store.cut(), view)].join('')).exemplars;
  const ids = () => read().map(({ exemplar }) => exemplar.requestId);
  return { clock, store, read, ids, count: store.counter('llm_requests_total', failed) };
}

describe('exemplars', () => {
  test('stand on the line of the counter, with what was added and when', () => {
    const { count, read } = newWorld();
    count(1, { requestId: 'req_1', timeMs: START_MS - 500 });
    const [found, ...more] = read();
    assert.deepEqual(more, []);
    assert.deepEqual([found?.name, found?.labels], ['llm_requests_total', failed]);
    assert.deepEqual(found?.exemplar, { requestId: 'req_1', value: 1, timeSeconds: 1_699_999_999.5 });
  });

  test('stand on the bucket that the value fell into, one for each', () => {
    const { store, read } = newWorld();
    const observe = store.histogram('llm_request_duration_seconds', timing);
    observe(0.2, { requestId: 'quick', timeMs: START_MS });
    observe(59, { requestId: 'slow', timeMs: START_MS });
    observe(1000, { requestId: 'endless', timeMs: START_MS });
    const found = read().map(({ name, labels, exemplar }) => [name, labels.le, exemplar.requestId, exemplar.value]);
    const bucket = 'llm_request_duration_seconds_bucket';
    assert.deepEqual(found, [
      [bucket, '0.25', 'quick', 0.2],
      [bucket, '60.0', 'slow', 59],
      [bucket, '+Inf', 'endless', 1000],
    ]);
  });

  test('never show in the text format, which has no place for them', () => {
    const { store, count } = newWorld();
    count(1, { requestId: 'req_1', timeMs: START_MS });
    assert.doesNotMatch([...renderText(store.cut(), TRUE_VALUES)].join(''), /req_1/);
  });

  test('are asked for once between two cuts', () => {
    const { clock, count, ids } = newWorld();
    let asked = 0;
    const next = () => {
      clock.advance(1);
      count(1, {
        timeMs: clock.nowMs(),
        get requestId() {
          asked += 1;
          return `req_${asked}`;
        },
      });
    };
    for (let request = 0; request < 100; request += 1) next();
    assert.deepEqual(ids(), ['req_1']);
    for (let request = 0; request < 100; request += 1) next();
    assert.deepEqual(ids(), ['req_2']);
    assert.deepEqual(ids(), ['req_2']);
    assert.equal(asked, 2);
  });

  test('are the next request with an id that may be shown', () => {
    const { count, ids } = newWorld();
    const timeMs = START_MS;
    count(1, { timeMs });
    for (const requestId of ['', 'with space', 'a"b', 'a\nb', 'Bearer x', 'x'.repeat(119), 'ü'])
      count(1, { timeMs, requestId });
    assert.deepEqual(ids(), []);
    count(1, { timeMs, requestId: 'x'.repeat(118) });
    assert.deepEqual(ids(), ['x'.repeat(118)]);
  });

  test('are never replaced by an older one, and never come from the future', () => {
    const { clock, count, read, ids } = newWorld();
    count(1, { requestId: 'from-the-future', timeMs: START_MS + 3_600_000 });
    assert.equal(read()[0]?.exemplar.timeSeconds, START_MS / 1000);
    count(1, { requestId: 'older', timeMs: START_MS - 1 });
    count(1, { requestId: 'as-old', timeMs: START_MS });
    assert.deepEqual(ids(), ['from-the-future']);
    clock.advance(10);
    count(1, { requestId: 'newer', timeMs: START_MS + 5 });
    assert.deepEqual(ids(), ['newer']);
  });

  test('belong to their cut: later ones do not show in it', () => {
    const { clock, store, count, ids } = newWorld();
    count(1, { requestId: 'before', timeMs: START_MS });
    const cut = store.cut();
    clock.advance(10);
    count(1, { requestId: 'after', timeMs: START_MS + 10 });
    const text = [...renderOpenMetrics(cut, TRUE_VALUES)].join('');
    assert.deepEqual(
      parseOpenMetrics(text).exemplars.map(({ exemplar }) => exemplar.requestId),
      ['before'],
    );
    assert.deepEqual(ids(), ['after']);
  });

  test('are hidden with the value of a series that is shown as 0', () => {
    const { count, store, read } = newWorld();
    count(1, { requestId: 'req_1', timeMs: START_MS });
    store.observe('llm_request_duration_seconds', timing, 3, { requestId: 'req_1', timeMs: START_MS });
    assert.equal(read().length, 2);
    assert.deepEqual(read({ afterBirth: 0 }), []);
  });
});
