import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Cut } from '../../../src/metrics/cut.ts';
import { renderText } from '../../../src/metrics/exposition.ts';
import type { SavedFamily } from '../../../src/metrics/restore.ts';
import { type Birth, createScrapers, type Scrapers, TRUE_VALUES, type View } from '../../../src/metrics/scrapers.ts';
import { createStore, type Store } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { saveFamilies } from '../../support/saved-families.ts';
import { parseExposition } from '../../support/scrape.ts';

const START_MS = 1_700_000_000_000;
/** Sixty of them, the most steps of the property below, stay inside Prometheus' lookback. */
const INTERVAL_MS = 4_000;

/**
 * An exporter that is killed and started again: what is on its disk is of the last scrape's cut, as `state` does it.
 */
function createWorld(firstBirth: Birth = 'zero') {
  let clock = createManualClock(START_MS);
  let store: Store;
  let scrapers: Scrapers;
  let disk: { readonly families: readonly SavedFamily[]; readonly scrapers: string } | undefined;
  /** What was counted since: read again after a kill, as lines of a log are. */
  let unsaved: string[] = [];
  const start = (birth: Birth) => {
    store = createStore({ clock });
    store.restore(disk?.families ?? []);
    const saved = disk === undefined ? undefined : JSON.parse(disk.scrapers);
    scrapers = createScrapers({ clock, births: store.births, birth, saved });
    for (const model of unsaved) add(model);
  };
  const add = (model: string) => store.add('llm_tokens_total', { provider: 'p', model, token_type: 'input' });
  const read = (cut: Cut, view: View, model: string) => {
    const { samples } = parseExposition([...renderText(cut, view)].join(''));
    return samples.find(({ name, labels }) => name === 'llm_tokens_total' && labels.model === model)?.value;
  };
  start(firstBirth);
  return {
    count(model: string) {
      unsaved.push(model);
      add(model);
    },
    /** What the scraper sees; undefined where the series is absent, or nothing arrives. */
    scrape(who: string, model: string, { arrives = true } = {}) {
      const scrape = scrapers.begin({ address: who, userAgent: 'Prometheus/3.5.0' });
      const cut = store.cut();
      disk = { families: saveFamilies(cut), scrapers: JSON.stringify(scrapers.save()) };
      unsaved = [];
      const seen = read(cut, scrape.view, model);
      if (arrives) scrape.delivered();
      return arrives ? seen : undefined;
    },
    killAndStart({ downMs = 0, birth = firstBirth }: { readonly downMs?: number; readonly birth?: Birth } = {}) {
      clock = createManualClock(clock.nowMs() + downMs);
      start(birth);
    },
    advance: (ms: number) => clock.advance(ms),
    saved: () => disk?.scrapers ?? '',
    total: (model: string) => read(store.cut(), TRUE_VALUES, model) ?? 0,
  };
}

describe('birth of a series, over a restart', () => {
  test('a value that was shown is not shown as 0 again, whoever asks', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m');
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('a', 'm')], [0, 1]);
    world.killAndStart();
    assert.deepEqual([world.scrape('moved', 'm'), world.scrape('a', 'm')], [1, 1]);
  });

  test('a value that is being shown when the kill comes is not shown as 0 again', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m');
    world.scrape('a', 'm');
    world.scrape('a', 'm', { arrives: false });
    world.killAndStart();
    assert.equal(world.scrape('moved', 'm'), 1);
  });

  test('a series that nobody has seen is 0 first', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m');
    world.scrape('other', 'm');
    world.killAndStart();
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('a', 'm')], [0, 1]);
  });

  test('a series that one scraper has seen is still 0 first for another that is known', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.scrape('b', 'm');
    world.count('m');
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('a', 'm')], [0, 1]);
    world.killAndStart();
    assert.deepEqual([world.scrape('b', 'm'), world.scrape('b', 'm')], [0, 1]);
  });

  test('a series that was shown because it was old is not shown as 0 again', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.count('m');
    world.advance(6 * 60_000);
    assert.equal(world.scrape('a', 'm'), 1);
    // The wall clock is set back, so that the series looks young.
    world.killAndStart({ downMs: -60 * 60_000 });
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('moved', 'm')], [1, 1]);
  });

  test('what was told at once is not shown as 0 when that is no longer wanted', () => {
    const world = createWorld();
    world.scrape('a', 'm');
    world.killAndStart({ birth: 'immediate' });
    world.count('m');
    assert.equal(world.scrape('a', 'm'), 1);
    world.killAndStart({ birth: 'zero' });
    assert.deepEqual([world.scrape('a', 'm'), world.scrape('moved', 'm')], [1, 1]);
  });

  test('what is saved names no scraper', () => {
    const world = createWorld();
    world.scrape('192.0.2.7', 'm');
    assert.doesNotMatch(world.saved(), /192\.0\.2\.7|Prometheus/);
  });

  test('reads whatever is saved', () => {
    const clock = createManualClock();
    const scraper = { id: 'x', seen: 3, lastMs: 1 };
    const nonsense: readonly unknown[] = [
      ...[undefined, null, 7, 'x', [], {}, { shown: 'x', scrapers: 7 }, { shown: -1, scrapers: [null, 7, {}] }],
      {
        shown: Number.NaN,
        scrapers: [
          { ...scraper, seen: 'x' },
          { ...scraper, lastMs: null },
          { ...scraper, id: 7 },
        ],
      },
    ];
    for (const saved of nonsense) {
      const scrapers = createScrapers({ clock, births: () => 5, saved });
      assert.deepEqual(scrapers.save(), { shown: 0, scrapers: [] }, JSON.stringify(saved));
    }
    const many = Array.from({ length: 100 }, (_, index) => ({ ...scraper, id: `s${index}` }));
    const scrapers = createScrapers({ clock, births: () => 5, saved: { shown: 9, scrapers: many, more: 1 } });
    assert.deepEqual(scrapers.save(), { shown: 5, scrapers: many.slice(-32) });
  });

  test('no scraper ever sees a counter go down, and each sees every increment, however often it is killed', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('count' as const), model: fc.constantFrom('m1', 'm2') }),
      fc.record({ do: fc.constant('scrape' as const), who: fc.constantFrom('a', 'b'), arrives: fc.boolean() }),
      fc.record({ do: fc.constant('kill' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = createWorld();
        const seen = new Map<string, number>();
        const increase = new Map<string, number>();
        const scrape = (who: string, arrives: boolean) => {
          for (const model of ['m1', 'm2']) {
            const key = `${who} ${model}`;
            const before = seen.get(key);
            const now = world.scrape(key, model, { arrives });
            if (now === undefined) continue;
            assert.ok(now >= (before ?? 0), `${key} fell from ${before} to ${now}`);
            increase.set(key, (increase.get(key) ?? 0) + now - (before ?? now));
            seen.set(key, now);
          }
          world.advance(INTERVAL_MS);
        };
        for (const who of ['a', 'b']) scrape(who, true);
        for (const each of steps) {
          if (each.do === 'count') world.count(each.model);
          else if (each.do === 'kill') world.killAndStart();
          else scrape(each.who, each.arrives);
        }
        for (const who of ['a', 'b', 'a', 'b']) scrape(who, true);
        for (const model of ['m1', 'm2']) {
          const total = world.total(model);
          assert.deepEqual([increase.get(`a ${model}`) ?? 0, increase.get(`b ${model}`) ?? 0], [total, total], model);
        }
      }),
    );
  });
});
