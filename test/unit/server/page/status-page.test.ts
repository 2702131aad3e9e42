import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import { createRecorder } from '../../../../src/metrics/record/recorder.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { renderStatusPage } from '../../../../src/server/page/status-page.ts';
import { createStatus } from '../../../../src/server/status.ts';
import type { StateStatus } from '../../../../src/state/state.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const HOSTILE = `"><script>alert('x')</script>`;

function newPage(state?: StateStatus) {
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
    state: () => state,
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
    recorder.source(HOSTILE).reject('invalid_json', () => HOSTILE);
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
    source.reject('invalid_json', () => '{"status":<a>');
    source.rotated('renamed');
    source.status({ up: false, lagBytes: 4_096, files: 2 });
    clock.advance(65_000);
    assert.deepEqual(status().sources, [
      {
        source: 'access.log',
        up: false,
        files: 2,
        lagBytes: 4_096,
        lagSeconds: 65,
        lastEventAgeSeconds: 65,
        lines: 2,
        events: 1,
        filtered: 0,
        rejected: { invalid_json: 1 },
        rotations: { renamed: 1 },
        fit: { verdict: 'good', events: 1, filtered: 0, rejected: 1 },
        rejectedShapes: [{ reason: 'invalid_json', shape: '{"status":<a>', seen: 1, lastMs: clock.nowMs() - 65_000 }],
      },
    ]);
    assert.match(page(), /down<\/b>, 2 files.*4\.0 KiB, 1m 5s.*1m 5s ago.*invalid_json × 1.*renamed × 1/s);
    assert.match(page(), /Rejected lines.*\{&quot;status&quot;:&lt;a&gt;/s);
  });

  test('keeps the counts of a source that is no longer read', () => {
    const { recorder, page, status } = newPage();
    const source = recorder.source('access.log');
    source.read(100, 1);
    source.filtered();
    source.status({ up: true, lagBytes: 0 });
    source.close();
    assert.deepEqual([status().sources[0]?.filtered, status().sources[0]?.fit], [1, undefined]);
    assert.match(page(), /not read now/);
  });

  test('says first when most lines of a source do not fit, and which command helps', () => {
    const { recorder, page } = newPage();
    const named = recorder.source('mine');
    const file = recorder.source('/var/log/nginx/*.json');
    for (const source of [named, file]) for (let line = 0; line < 970; line += 1) source.reject('no_match');
    for (let line = 0; line < 30; line += 1) file.event({ timeMs: 1, provider: 'p', code: 200, final: true });
    const [head = ''] = page().split('<h2>');
    assert.match(head, /97\.0 % of the last 1,000 lines of <code>\/var\/log\/nginx\/\*\.json<\/code>/);
    assert.match(head, /llm-exporter detect \/var\/log\/nginx\/\*\.json</);
    assert.match(head, /100\.0 % of the last 970 lines of <code>mine<\/code>.*llm-exporter detect FILE</s);
  });

  test('names no file to paste where the name could be taken for more than a path', () => {
    const { recorder, page } = newPage();
    for (const name of ['udp://127.0.0.1:5514', '/var/log/a b', '/x;reboot', '$(reboot)/x']) {
      const source = recorder.source(name);
      for (let line = 0; line < 20; line += 1) source.reject('no_match');
    }
    assert.equal(page().split('llm-exporter detect FILE<').length, 5);
  });

  test('hints at the paths when no line was a request', () => {
    const { recorder, page } = newPage();
    const source = recorder.source('/var/log/all.json');
    for (let line = 0; line < 5_000; line += 1) source.filtered();
    assert.match(page(), /class="banner">0 of 5,000 lines of .*exclude_paths/s);
  });

  test('tells of the state where it is, how it was found, and what is wrong with it', () => {
    const fine: StateStatus = {
      dir: '/var/lib/llm',
      load: 'restored',
      setAside: undefined,
      lastWriteMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      bytes: 3_000,
      trouble: undefined,
    };
    const quiet = newPage(fine);
    assert.match(quiet.page(), /<h2>State<\/h2>.*\/var\/lib\/llm.*taken up.*2026-01-02 03:04:05 UTC, 2\.9 KiB/s);
    assert.doesNotMatch(quiet.page(), /banner bad/);
    assert.deepEqual(quiet.status().state, fine);
    const [head = ''] = newPage({ ...fine, load: 'corrupt', setAside: '/s/state.corrupt-1', trouble: 'ENOSPC' })
      .page()
      .split('<h2>');
    assert.match(head, /set aside as <code>\/s\/state\.corrupt-1<\/code>/);
    assert.match(head, /cannot be written to <code>\/var\/lib\/llm<\/code>: ENOSPC/);
    assert.doesNotMatch(newPage().page(), />State</);
  });

  test('tells how pushes were answered', () => {
    const { store, status, page, recorder } = newPage();
    recorder.source('push');
    store.add('llm_exporter_push_requests_total', { result: 'accepted' }, 3);
    store.add('llm_exporter_push_requests_total', { result: 'unauthorized' }, 0);
    assert.deepEqual(status().pushes, { accepted: 3 });
    assert.match(page(), /POST \/v1\/logs<\/code>: accepted × 3</);
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
