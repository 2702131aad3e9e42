import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachEvent } from '../../../../../src/event/event-batch.ts';
import type { RequestEvent } from '../../../../../src/event/request-event.ts';
import { REJECT_REASONS } from '../../../../../src/event/sink.ts';
import { renderText } from '../../../../../src/metrics/exposition.ts';
import {
  createSourceRecorder,
  type SourceRecorderOptions,
} from '../../../../../src/metrics/record/source/source-recorder.ts';
import { TRUE_VALUES } from '../../../../../src/metrics/scrapers.ts';
import { createStore } from '../../../../../src/metrics/store.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { parseExposition } from '../../../../support/scrape.ts';

function newSources({ onFit }: Pick<SourceRecorderOptions, 'onFit'> = {}) {
  const clock = createManualClock();
  const store = createStore({ clock });
  const events: RequestEvent[] = [];
  const record = (event: RequestEvent) => void events.push(event);
  const { open, reports } = createSourceRecorder({
    ...{ store, clock, record, onFit },
    recordBatch: (batch) => eachEvent(batch, record),
  });
  const scrape = () => parseExposition([...renderText(store.cut(), TRUE_VALUES)].join(''));
  return { clock, events, open, reports, scrape };
}

const at = (timeMs: number): RequestEvent => ({ timeMs, provider: 'p', code: 200, final: true });

describe('source metrics', () => {
  test('count lines, bytes, events and rejects, and hand events on', () => {
    const { open, scrape, events, clock } = newSources();
    const source = open('access.log');
    source.read(1_000, 3);
    source.event(at(clock.nowMs()));
    source.filtered();
    source.reject('invalid_json');
    source.rotated('renamed');
    const { sum } = scrape();
    const labels = { source: 'access.log' };
    assert.equal(events.length, 1);
    assert.equal(sum('llm_exporter_source_bytes_total', labels), 1_000);
    assert.equal(sum('llm_exporter_source_lines_total', labels), 3);
    assert.equal(sum('llm_exporter_source_events_total', labels), 1);
    assert.equal(sum('llm_exporter_source_filtered_total', labels), 1);
    assert.deepEqual(scrape().by('llm_exporter_source_rejected_total', ['reason']), { invalid_json: 1 });
    assert.deepEqual(scrape().by('llm_exporter_source_rotations_total', ['kind']), { renamed: 1 });
  });

  test('begin every counter at 0', () => {
    const { open, scrape } = newSources();
    open('access.log');
    const rejected = scrape().samples.filter(({ name }) => name === 'llm_exporter_source_rejected_total');
    assert.deepEqual(
      rejected.map(({ labels, value }) => [labels.reason, value]),
      REJECT_REASONS.map((reason) => [reason, 0]),
    );
  });

  test('tell how far behind reading is, in bytes and in the age of the newest event', () => {
    const { open, scrape, clock } = newSources();
    const source = open('access.log');
    source.status({ up: true, lagBytes: 500 });
    assert.equal(
      scrape().samples.some(({ name }) => name === 'llm_exporter_source_lag_seconds'),
      false,
    );
    source.event(at(clock.nowMs()));
    source.event(at(clock.nowMs() - 60_000));
    clock.advance(30_000);
    assert.equal(scrape().sum('llm_exporter_source_lag_bytes'), 500);
    assert.equal(scrape().sum('llm_exporter_source_lag_seconds'), 30);
    assert.equal(scrape().sum('llm_exporter_source_last_event_timestamp_seconds'), (clock.nowMs() - 30_000) / 1000);
    source.status({ up: true, lagBytes: 0 });
    assert.equal(scrape().sum('llm_exporter_source_lag_seconds'), 0);
  });

  test('the lag is that of the file furthest behind, while another is read as it is written', () => {
    const { open, scrape, clock } = newSources();
    const source = open('*.log');
    const oldMs = clock.nowMs() - 3_600_000;
    const chunk = (timeMs: number) => {
      for (let line = 0; line < 30; line += 1) source.event(at(timeMs + line));
      source.read(3_000, 30);
      source.status({ up: true, lagBytes: 5_000, files: 2 });
    };
    for (let turn = 0; turn < 20; turn += 1) {
      chunk(clock.nowMs());
      chunk(oldMs + turn * 60_000);
      clock.advance(1_000);
    }
    const lag = scrape().sum('llm_exporter_source_lag_seconds');
    // Where the old file was read in the last two slots of five seconds: from 40 minutes after the hour.
    assert.ok(lag > 40 * 60 && lag <= 51 * 60, `${lag} s`);
    assert.equal(scrape().sum('llm_exporter_source_files'), 2);
    source.status({ up: true, lagBytes: 0, files: 2 });
    assert.equal(scrape().sum('llm_exporter_source_lag_seconds'), 0);
    source.status({ up: true, lagBytes: 10, files: 2 });
    clock.advance(2_000);
    // From now on the newest event counts: 29 ms after the last turn began.
    assert.equal(scrape().sum('llm_exporter_source_lag_seconds'), 2.971);
  });

  test('the lag of a source that is stuck grows', () => {
    const { open, scrape, clock } = newSources();
    const source = open('access.log');
    source.event(at(clock.nowMs()));
    source.read(100, 1);
    source.status({ up: false, lagBytes: 100 });
    scrape();
    clock.advance(3_600_000);
    assert.equal(scrape().sum('llm_exporter_source_lag_seconds'), 3_600);
  });

  test('tell of each source that is read what its lines are like, and when they stop fitting', () => {
    const told: unknown[] = [];
    const { open, reports, scrape } = newSources({ onFit: (source, { verdict }) => told.push([source, verdict]) });
    const good = open('good.log');
    const bad = open('bad.log');
    for (let line = 0; line < 20; line += 1) {
      good.event(at(line));
      good.read(10, 1);
      bad.reject('no_match', () => 'a 0');
      bad.read(10, 1);
    }
    assert.deepEqual(told, [['bad.log', 'rejected']]);
    assert.deepEqual(
      reports().map(({ source, fit, shapes }) => [source, fit.verdict, shapes.map(({ shape, seen }) => [shape, seen])]),
      [
        ['good.log', 'good', []],
        ['bad.log', 'rejected', [['a 0', 20]]],
      ],
    );
    bad.close();
    assert.deepEqual(
      reports().map(({ source }) => source),
      ['good.log'],
    );
    assert.equal(scrape().sum('llm_exporter_source_rejected_total'), 20);
  });

  test('a few lines are judged when they are looked at, however slowly they come', () => {
    const { open, reports, scrape } = newSources();
    const source = open('access.log');
    for (let round = 0; round < 4; round += 1) {
      for (let line = 0; line < 5; line += 1) source.reject('invalid_json');
      source.read(50, 5);
      scrape();
    }
    assert.equal(reports()[0]?.fit.verdict, 'rejected');
  });

  test('an event from the future is no negative lag', () => {
    const { open, scrape, clock } = newSources();
    const source = open('access.log');
    source.status({ up: true, lagBytes: 1 });
    source.event(at(clock.nowMs() + 10_000));
    assert.equal(scrape().sum('llm_exporter_source_lag_seconds'), 0);
  });

  test('a time far in the future is believed neither as the newest event nor as its age', () => {
    const { open, scrape, clock } = newSources();
    const source = open('access.log');
    source.status({ up: true, lagBytes: 1 });
    source.event(at(Date.UTC(2999, 0, 1)));
    assert.equal(scrape().by('llm_exporter_source_last_event_timestamp_seconds', ['source'])['access.log'], undefined);
    const timeMs = clock.nowMs();
    source.event(at(timeMs));
    source.event(at(timeMs + 6 * 60_000));
    clock.advance(30_000);
    assert.equal(scrape().sum('llm_exporter_source_last_event_timestamp_seconds'), timeMs / 1000);
    assert.equal(scrape().sum('llm_exporter_source_lag_seconds'), 30);
    assert.equal(scrape().sum('llm_exporter_source_events_total'), 3);
  });

  test('a writer whose clock is a little ahead is believed', () => {
    const { open, scrape, clock } = newSources();
    open('access.log').event(at(clock.nowMs() + 4 * 60_000));
    const newest = scrape().sum('llm_exporter_source_last_event_timestamp_seconds');
    assert.equal(newest, clock.nowMs() / 1000 + 240);
  });

  test('after a source is gone its gauges vanish and its counters stay', () => {
    const { open, scrape, clock } = newSources();
    const source = open('access.log');
    source.status({ up: true, lagBytes: 7 });
    source.read(10, 1);
    source.event(at(clock.nowMs()));
    scrape();
    source.close();
    source.status({ up: true, lagBytes: 7 });
    const names = new Set(scrape().samples.map(({ name }) => name));
    for (const gauge of ['up', 'lag_bytes', 'lag_seconds', 'last_event_timestamp_seconds']) {
      assert.ok(!names.has(`llm_exporter_source_${gauge}`), gauge);
    }
    open('access.log').read(10, 1);
    assert.equal(scrape().sum('llm_exporter_source_lines_total'), 2);
  });

  test('the gauges of a replaced source are those of its successor, even when it closes late', () => {
    const { open, scrape } = newSources();
    const former = open('access.log');
    const successor = open('access.log');
    successor.status({ up: true, lagBytes: 3 });
    former.status({ up: false, lagBytes: 9 });
    former.close();
    assert.equal(scrape().sum('llm_exporter_source_up'), 1);
    assert.equal(scrape().sum('llm_exporter_source_lag_bytes'), 3);
  });
});
