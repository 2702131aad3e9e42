import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestEvent } from '../../../../src/event/request-event.ts';
import { createInFlight } from '../../../../src/metrics/record/in-flight.ts';
import { createAdmission } from '../../../../src/metrics/record/model-admission.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const ended: RequestEvent = { timeMs: 0, provider: 'p', code: 200, final: true };

function newInFlight() {
  const store = createStore({ clock: createManualClock() });
  const admission = createAdmission({ onOverflow: () => undefined });
  admission.configure({ providers: { p: { models: ['a', 'b'] } }, modelLimit: 10 });
  const told: number[] = [];
  const judge = () => ({ cause: 'unclassified', retryable: 'no' }) as const;
  const open = createInFlight({ store, admission, judge, record: (_event, inFlight) => told.push(inFlight) });
  const begin = (model: string) => {
    const live = open({ provider: 'p' });
    live.model = model;
    return live;
  };
  const exposed = () => {
    store.collect();
    return Object.fromEntries(
      [...store.samples('llm_requests_in_flight')].map(({ labels, value }) => [labels.model, value]),
    );
  };
  return { open, begin, told, exposed };
}

describe('requests in flight', () => {
  test('are told with an event as they were when its request named its model', () => {
    const { begin, told } = newInFlight();
    const [first, second, other, third] = [begin('a'), begin('a'), begin('b'), begin('a')];
    for (const live of [first, second, other, third]) live.end(ended);
    begin('a').end(ended);
    assert.deepEqual(told, [0, 1, 0, 2, 0]);
  });

  test('count a request once: under no name until it has one, and never after its end', () => {
    const { open, told, exposed } = newInFlight();
    const live = open({ provider: 'p' });
    assert.deepEqual(exposed(), { unknown: 1 });
    live.model = 'a';
    live.model = 'a';
    assert.equal(live.model, 'a');
    assert.deepEqual(exposed(), { unknown: 0, a: 1 });
    live.end(ended);
    live.end(ended);
    live.model = 'b';
    assert.deepEqual(exposed(), { unknown: 0, a: 0 });
    assert.deepEqual(told, [0]);
  });

  test('are still counted when an older request of their name is ended twice', () => {
    const { begin, told, exposed } = newInFlight();
    const older = begin('a');
    older.end(ended);
    const newer = begin('a');
    older.end(ended);
    assert.deepEqual(exposed(), { a: 1 });
    newer.end(ended);
    assert.deepEqual(exposed(), { a: 0 });
    assert.deepEqual(told, [0, 0]);
  });

  test('are 0, and not absent, once a request has come and gone between two scrapes', () => {
    const { begin, exposed } = newInFlight();
    begin('a').end(ended);
    begin('never proven').end(ended);
    assert.deepEqual(exposed(), { a: 0, other: 0 });
  });

  test('of names that are not admitted are counted together', () => {
    const { begin, exposed } = newInFlight();
    begin('x');
    begin('y');
    assert.deepEqual(exposed(), { other: 2 });
  });
});
