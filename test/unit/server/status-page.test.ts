import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { createRecorder } from '../../../src/metrics/record/recorder.ts';
import { createStore } from '../../../src/metrics/store.ts';
import { createStatus } from '../../../src/server/status.ts';
import { renderStatusPage } from '../../../src/server/status-page.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const HOSTILE = `"><script>alert('x')</script>`;

function newPage() {
  const clock = createManualClock();
  const store = createStore({ clock });
  const catalogue = loadCatalogue();
  const settings = { providers: { novita: { models: ['quiet'] } }, modelLimit: 4 };
  const recorder = createRecorder({ store, catalogue, clock, settings });
  const status = createStatus({
    store,
    catalogue,
    clock,
    recorder,
    build: { version: '1.2.3', revision: 'abc', nodeVersion: 'v26' },
    isReady: () => true,
    inputs: () => [{ kind: 'file', description: `/var/log/${HOSTILE}` }],
  });
  const ask = (model: string, code: number) =>
    recorder.open({ provider: 'novita' }).end({
      timeMs: clock.nowMs(),
      provider: 'novita',
      model,
      code,
      ...(code === 200 ? {} : { error: { message: 'a prompt that is nobody’s business' } }),
      final: true,
    });
  return { clock, store, recorder, catalogue, status, ask, page: () => renderStatusPage(status()) };
}

describe('status page', () => {
  test('escapes names that clients and log files bring', () => {
    const { ask, page, recorder } = newPage();
    ask(HOSTILE, 200);
    ask(HOSTILE, 503);
    recorder.source(HOSTILE).reject('invalid_json');
    assert.match(page(), /&quot;&gt;&lt;script&gt;alert/);
    assert.doesNotMatch(page(), /<script/);
    assert.doesNotMatch(page(), /nobody/);
  });

  test('tells of each model what fails, why and whose turn it is, the worst first', () => {
    const { ask, page, status, catalogue } = newPage();
    ask('fine', 200);
    for (let count = 0; count < 3; count += 1) ask('bad', 503);
    ask('bad', 200);
    const [worst] = status().models;
    assert.equal(worst?.model, 'bad');
    assert.equal(worst?.succeeded, 1);
    const failing = worst?.failing[0];
    assert.ok(failing);
    assert.deepEqual([failing.code, failing.requests], ['503', 3]);
    assert.equal(failing.summary, catalogue.causes[failing.cause].summary);
    assert.match(page(), new RegExp(`503 ${failing.cause}</b> × 3, owner ${failing.owner}`));
    assert.match(page(), />25\.0 %</);
  });

  test('shows configured models before they are asked for', () => {
    assert.match(newPage().page(), /quiet/);
  });

  test('tells of sources whether they can be read, how far behind, and what was rejected', () => {
    const { recorder, page, status, clock } = newPage();
    const source = recorder.source('access.log');
    source.read(100, 2);
    source.event({ timeMs: clock.nowMs(), provider: 'novita', code: 200, final: true });
    source.reject('invalid_json');
    source.status({ up: false, lagBytes: 4_096 });
    clock.advance(65_000);
    assert.deepEqual(status().sources, [
      {
        source: 'access.log',
        up: false,
        lagBytes: 4_096,
        lagSeconds: 65,
        lines: 2,
        events: 1,
        filtered: 0,
        rejected: { invalid_json: 1 },
      },
    ]);
    assert.match(page(), /down.*4,096 bytes, 1m 5s.*invalid_json × 1/s);
  });

  test('says when a limit was reached and when a reload was refused', () => {
    const { ask, page, store } = newPage();
    assert.doesNotMatch(page(), /Limit of|refused/);
    for (const model of ['a', 'b', 'c', 'd']) ask(model, 200);
    store.set('llm_exporter_config_last_reload_successful', {}, 0);
    assert.match(page(), /Limit of model values reached/);
    assert.match(page(), /last reload was refused/);
  });

  test('shows version and uptime', () => {
    const { page, clock } = newPage();
    clock.advance((26 * 60 + 1) * 60_000);
    assert.match(page(), /1\.2\.3 \(abc\), up 1d 2h/);
  });
});
