import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderText } from '../../../src/metrics/exposition.ts';
import { type Birth, createScrapers, TRUE_VALUES } from '../../../src/metrics/scrapers.ts';
import { createStore } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { parseExposition } from '../../support/scrape.ts';

/** Sixty of them, the most steps of the property below, stay inside Prometheus' lookback. */
const INTERVAL_MS = 4_000;

/** A store that is scraped by name: what a scraper sees of one counter, undefined where the series is absent. */
function createWorld(birth: Birth = 'zero') {
  const clock = createManualClock();
  const store = createStore({ clock });
  const scrapers = createScrapers({ clock, births: store.births, birth });
  const read = (view: typeof TRUE_VALUES, model: string) => {
    const { samples } = parseExposition([...renderText(store.cut(), view)].join(''));
    return samples.find(({ name, labels }) => name === 'llm_tokens_total' && labels.model === model)?.value;
  };
  return {
    clock,
    store,
    count: (model: string, amount = 1) =>
      store.add('llm_tokens_total', { provider: 'p', model, token_type: 'input' }, amount),
    scrape(who: string, model: string, { delivered = true } = {}) {
      const scrape = scrapers.begin({ address: who, userAgent: 'Prometheus/3.5.0' });
      const seen = read(scrape.view, model);
      if (delivered) scrape.delivered();
      return seen;
    },
    look: (model: string) => read(TRUE_VALUES, model),
  };
}

describe('birth of a series', () => {
  test('shows 0 once, then the value', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m', 7);
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('a', 'm'), world.scrape('a', 'm')], [0, 7, 7]);
  });

  test('two scrapers each see the 0, whoever comes first and however often', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.scrape('b', 'm');
    world.count('m', 7);
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('a', 'm')], [0, 7]);
    assert.deepEqual([world.scrape('b', 'm'), world.scrape('b', 'm')], [0, 7]);
  });

  test('people always see the true value, and looking changes nothing', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m', 7);
    assert.equal(world.look('m'), 7);
    assert.deepEqual([world.scrape('a', 'm'), world.look('m'), world.scrape('a', 'm')], [0, 7, 7]);
  });

  test('the first scraper ever sees 0 for young series and the value of old ones', () => {
    const world = createWorld();
    world.count('old', 3);
    world.clock.advance(5 * 60_000);
    world.count('young', 7);
    assert.equal(world.scrape('a', 'old'), 3);
    assert.equal(world.scrape('b', 'young'), 0);
  });

  test('a scraper under a new address never sees a value taken back', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m', 7);
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('a', 'm'), world.scrape('moved', 'm')], [0, 7, 7]);
  });

  test('an answer that did not arrive does not count as seen', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m', 7);
    world.scrape('a', 'm', { delivered: false });
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('a', 'm')], [0, 7]);
  });

  test('two scrapes of one scraper that overlap take nothing back', () => {
    const world = createWorld();
    const scrapers = createScrapers({ clock: world.clock, births: world.store.births });
    const scraper = { address: 'a', userAgent: '' };
    scrapers.begin(scraper).delivered();
    const slow = scrapers.begin(scraper);
    world.count('m', 7);
    scrapers.begin(scraper).delivered();
    slow.delivered();
    const { view } = scrapers.begin(scraper);
    assert.match([...renderText(world.store.cut(), view)].join(''), /token_type="input"} 7/);
  });

  test('hides a histogram as a whole', () => {
    const world = createWorld();
    const scrapers = createScrapers({ clock: world.clock, births: world.store.births });
    world.store.observe('llm_time_to_first_token_seconds', { provider: 'p', model: 'm' }, 3);
    const { view } = scrapers.begin({ address: 'a', userAgent: '' });
    const { samples } = parseExposition([...renderText(world.store.cut(), view)].join(''));
    const lines = samples.filter(({ name }) => name.startsWith('llm_time_to_first_token_seconds'));
    assert.equal(lines.length, 17);
    assert.ok(lines.every(({ value }) => value === 0));
  });

  test('never hides a gauge', () => {
    const world = createWorld();
    const scrapers = createScrapers({ clock: world.clock, births: world.store.births });
    world.store.set('llm_exporter_source_up', { source: 's' }, 1);
    const { view } = scrapers.begin({ address: 'a', userAgent: '' });
    assert.match([...renderText(world.store.cut(), view)].join(''), /source_up\{source="s"\} 1/);
  });

  test('shows true values at once when told so', () => {
    const world = createWorld('immediate');
    world.scrape('a', 'm');
    world.count('m', 7);
    assert.equal(world.scrape('a', 'm'), 7);
  });

  test('remembers 32 scrapers and tells any other the truth', () => {
    const world = createWorld();
    for (let index = 0; index < 32; index += 1) world.scrape(`known ${index}`, 'm');
    world.count('m', 7);
    assert.equal(world.scrape('one too many', 'm'), 7);
    assert.deepEqual([world.scrape('known 0', 'm'), world.scrape('known 0', 'm')], [0, 7]);
  });

  test('forgets a scraper that stayed away, to make room', () => {
    const world = createWorld();
    for (let index = 0; index < 32; index += 1) world.scrape(`known ${index}`, 'm');
    world.clock.advance(5 * 60_000);
    world.scrape('new', 'm');
    world.count('m', 7);
    assert.deepEqual([world.scrape('new', 'm'), world.scrape('new', 'm')], [0, 7]);
  });

  test('no scraper ever sees a counter go down, and each that comes regularly sees every increment', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('count' as const), model: fc.constantFrom('m1', 'm2', 'm3') }),
      fc.record({ do: fc.constant('scrape' as const), late: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = createWorld();
        const seen = new Map<string, number>();
        const increase = new Map<string, number>();
        const scrapeAll = (late: boolean) => {
          for (const who of late ? ['a'] : ['a', 'b']) {
            for (const model of ['m1', 'm2', 'm3']) {
              const key = `${who} ${model}`;
              const before = seen.get(key);
              const now = world.scrape(`${who} ${model}`, model);
              if (now === undefined) continue;
              assert.ok(now >= (before ?? 0), `${key} fell from ${before} to ${now}`);
              increase.set(key, (increase.get(key) ?? 0) + now - (before ?? now));
              seen.set(key, now);
            }
          }
          world.clock.advance(INTERVAL_MS);
        };
        scrapeAll(false);
        for (const each of steps) {
          if (each.do === 'count') world.count(each.model);
          else scrapeAll(each.late);
        }
        scrapeAll(false);
        scrapeAll(false);
        for (const model of ['m1', 'm2', 'm3']) {
          const total = world.look(model) ?? 0;
          assert.deepEqual([increase.get(`a ${model}`) ?? 0, increase.get(`b ${model}`) ?? 0], [total, total], model);
        }
      }),
    );
  });
});
