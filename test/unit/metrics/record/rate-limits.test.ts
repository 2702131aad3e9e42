import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import type { RateLimit, RequestEvent } from '../../../../src/event/request-event.ts';
import { renderText } from '../../../../src/metrics/exposition.ts';
import { MAX_AGE_MS, MAX_BUCKETS, RESET_GRACE_MS } from '../../../../src/metrics/record/rate-limits.ts';
import { createRecorder } from '../../../../src/metrics/record/recorder.ts';
import { TRUE_VALUES } from '../../../../src/metrics/scrapers.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { parseExposition } from '../../../support/scrape.ts';

const catalogue = loadCatalogue();

function newRecorder({ seriesLimit = 20_000, modelLimit = 200 } = {}) {
  const clock = createManualClock();
  const store = createStore({ clock, limits: { series: seriesLimit } });
  const settings = { providers: { p: { models: ['m1'] } }, modelLimit };
  const recorder = createRecorder({ store, catalogue, clock, settings });
  const gauges = (): Readonly<Record<string, number>> => {
    const { samples } = parseExposition([...renderText(store.cut(), TRUE_VALUES)].join(''));
    return Object.fromEntries(
      samples
        .filter(({ name }) => name.startsWith('llm_rate_limit_'))
        .map(({ name, labels, value }) => [`${name.slice(15)} ${labels.model} ${labels.resource}`, value]),
    );
  };
  /** Ends a request whose answer told of `limits` now, or `agoMs` before. */
  const tell = (limits: Partial<RateLimit>, fields: Partial<RequestEvent> = {}, agoMs = 0) => {
    const rateLimit = { timeMs: clock.nowMs() - agoMs, exhausted: [], ...limits };
    const event = { timeMs: clock.nowMs(), provider: 'p', model: 'm1', code: 200, final: true, rateLimit, ...fields };
    recorder.open({ provider: 'p' }).end(event);
  };
  return { clock, gauges, tell, startSeconds: clock.nowMs() / 1000 };
}

test('shows what the last answer told, and nothing that it did not', () => {
  const { gauges, tell, startSeconds } = newRecorder();
  tell({ requests: { limit: 10, remaining: 4, resetSeconds: 30 }, tokens: { remaining: 900 } });
  assert.deepEqual(gauges(), {
    'limit m1 requests': 10,
    'remaining m1 requests': 4,
    'remaining m1 tokens': 900,
    'reset_timestamp_seconds m1 requests': startSeconds + 30,
  });
  tell({ requests: { limit: 10, remaining: 3 } });
  assert.deepEqual(gauges(), { 'limit m1 requests': 10, 'remaining m1 requests': 3, 'remaining m1 tokens': 900 });
});

test('shows an overdraft as nothing left', () => {
  const { gauges, tell } = newRecorder();
  tell({ tokens: { limit: 1000, remaining: -27 } }, { code: 429 });
  assert.deepEqual(gauges(), { 'limit m1 tokens': 1000, 'remaining m1 tokens': 0 });
});

test('believes the newest word, not the last to arrive: a long stream ends after a short answer', () => {
  const { gauges, tell } = newRecorder();
  tell({ requests: { remaining: 4 } });
  tell({ requests: { remaining: 9 } }, {}, 60_000);
  assert.deepEqual(gauges(), { 'remaining m1 requests': 4 });
});

test('a time in the future does not silence what comes after it', () => {
  const { clock, gauges, tell } = newRecorder();
  tell({ requests: { remaining: 4 } }, {}, -3_600_000);
  clock.advance(1000);
  tell({ requests: { remaining: 3 } });
  assert.deepEqual(gauges(), { 'remaining m1 requests': 3 });
});

test('a value vanishes when its reset has long passed, and comes back when it is told again', () => {
  const { clock, gauges, tell } = newRecorder();
  tell({ requests: { remaining: 4, resetSeconds: 60 }, tokens: { remaining: 5 } });
  clock.advance(60_000 + RESET_GRACE_MS);
  assert.ok('remaining m1 requests' in gauges());
  clock.advance(1);
  assert.deepEqual(gauges(), { 'remaining m1 tokens': 5 });
  tell({ requests: { remaining: 8, resetSeconds: 60 } });
  assert.deepEqual(gauges()['remaining m1 requests'], 8);
});

test('a value vanishes when nobody has repeated it for long, however far its reset is', () => {
  const { clock, gauges, tell } = newRecorder();
  tell({ requests: { limit: 10, remaining: 4, resetSeconds: 86_400 } });
  clock.advance(MAX_AGE_MS - 1);
  tell({ tokens: { remaining: 5 } });
  clock.advance(1);
  assert.equal(Object.keys(gauges()).length, 4);
  clock.advance(1);
  assert.deepEqual(gauges(), { 'remaining m1 tokens': 5 });
});

test('what an old log tells is never shown', () => {
  const { gauges, tell } = newRecorder();
  tell({ requests: { remaining: 4 } }, {}, MAX_AGE_MS + 1);
  assert.deepEqual(gauges(), {});
});

test('tries that were not the last one tell too', () => {
  const { gauges, tell } = newRecorder();
  tell({ requests: { remaining: 0 } }, { code: 429, attempt: 1, final: false });
  assert.deepEqual(gauges(), { 'remaining m1 requests': 0 });
});

test('models that share a label have no gauge in common', () => {
  const { gauges, tell } = newRecorder();
  tell({ requests: { remaining: 4 } }, { model: 'never proven', code: 404 });
  assert.deepEqual(gauges(), {});
});

test('the number of live buckets is bounded, by the limit of series too, and stale ones make room', () => {
  const counted = (seriesLimit: number) => {
    const recorder = newRecorder({ seriesLimit, modelLimit: 10_000 });
    for (let at = 0; at < MAX_BUCKETS + 10; at += 1)
      recorder.tell({ requests: { remaining: at } }, { model: `x${at}` });
    return recorder;
  };
  assert.equal(Object.keys(counted(100).gauges()).length, 100);
  const { clock, gauges, tell } = counted(100_000);
  assert.equal(Object.keys(gauges()).length, MAX_BUCKETS);
  clock.advance(MAX_AGE_MS + 1);
  assert.deepEqual(gauges(), {});
  tell({ requests: { remaining: 1 } });
  assert.deepEqual(gauges(), { 'remaining m1 requests': 1 });
});
