import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { overflowLabel } from '../../../src/metrics/cell-set.ts';
import { renderText } from '../../../src/metrics/exposition.ts';
import { type Family, type FamilyName, families } from '../../../src/metrics/families.ts';
import { createRecorder } from '../../../src/metrics/record/recorder.ts';
import { TRUE_VALUES } from '../../../src/metrics/scrapers.ts';
import { createStore, type Store } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { parseExposition } from '../../support/scrape.ts';

/** Labels whose values we write ourselves, or the catalogue does. */
const CLOSED = new Set([
  ...[
    'code',
    'cause',
    'stream',
    'outcome',
    'token_type',
    'resource',
    'basis',
    'origin',
    'owner',
    'retryable',
    'reason',
    'decision',
    'priority',
  ],
  ...['kind', 'family', 'label', 'result', 'part', 'version', 'revision', 'node_version'],
]);
const LIMIT = 50;

/** Tries to make `count` series of a family that differ in one label, by whatever way that family has. */
function flood(store: Store, name: FamilyName, label: string, count: number): void {
  const { type, labels }: Family = families[name];
  for (let index = 0; index < count; index += 1) {
    const set = Object.fromEntries(labels.map((each) => [each, each === label ? `v${index}` : 'x']));
    // Safe: a full set of labels of that family, whose type is looked at.
    if (type === 'counter') store.add(name as 'llm_tokens_total', set as never);
    else if (type === 'gauge') store.set(name as 'llm_requests_in_flight', set as never, 1);
    else store.observe(name as 'llm_time_to_first_token_seconds', set as never, 1);
  }
}

describe('label limits', () => {
  for (const [name, { labels }] of Object.entries<Family>(families)) {
    const open = labels.filter((label) => !CLOSED.has(label) && label !== 'host');
    if (open.length === 0) continue;
    test(`${name} stays bounded, and what is beyond is counted`, () => {
      assert.equal(overflowLabel(labels), open.at(-1) === 'model' ? 'model' : open[0]);
      const store = createStore({ clock: createManualClock(), limits: { series: LIMIT } });
      // Safe: the keys of the table.
      flood(store, name as FamilyName, overflowLabel(labels) ?? '', 3 * LIMIT);
      const family = store.cut().families.find((each) => each.name === name);
      assert.equal(family?.cells.length, LIMIT + 1);
      assert.equal(store.samples('llm_exporter_label_overflow_total')[0]?.value, 2 * LIMIT);
    });
  }

  test('a client that makes up names leaves the exposition as it was, however many', () => {
    const clock = createManualClock();
    const store = createStore({ clock });
    const settings = { providers: { novita: { models: ['m1'] } }, modelLimit: 20 };
    const recorder = createRecorder({ store, catalogue: loadCatalogue(), clock, settings });
    const { event } = recorder.source('access.log');
    let sent = 0;
    const send = (count: number) => {
      for (let index = 0; index < count; index += 1) {
        sent += 1;
        const name = { provider: `novita${sent}`, model: `${Math.sqrt(sent)}"}\n` };
        const code = [200, 404, 503, 429][sent % 4] ?? 200;
        event({ ...name, timeMs: clock.nowMs(), code, stream: false, durationSeconds: 1, final: true });
      }
      const text = [...renderText(store.cut(), TRUE_VALUES)].join('');
      return { series: parseExposition(text).samples.length, counted: parseExposition(text).sum('llm_requests_total') };
    };
    const first = send(3_000);
    const second = send(6_000);
    assert.equal(second.counted, 9_000);
    assert.equal(second.series, first.series);
  });
});
