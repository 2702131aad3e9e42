import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrafficObserver } from '../../../../src/classify/inference/traffic-observer.ts';
import type { RequestEvent } from '../../../../src/event/request-event.ts';
import { createLanes } from '../../../../src/metrics/record/lanes.ts';
import { createMeters } from '../../../../src/metrics/record/meter.ts';
import { createAdmission } from '../../../../src/metrics/record/model-admission.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const EVENT: RequestEvent = { timeMs: 0, provider: 'novita', model: 'm', stream: false, code: 200, final: true };

function createSetup() {
  const overflows: string[] = [];
  const admission = createAdmission({ onOverflow: (label) => overflows.push(label) });
  const meters = createMeters(createStore({ clock: createManualClock() }));
  let timeout: number | undefined = 30;
  const lanes = createLanes({
    admission,
    observer: createTrafficObserver({ limits: { models: 2 } }),
    meterOf: (provider, model, stream) => meters(provider)(model)(String(stream)),
    gatewayTimeoutSeconds: () => timeout,
  });
  admission.configure({ providers: { novita: { models: ['m'] } }, modelLimit: 10 });
  const setTimeoutSeconds = (seconds: number) => {
    timeout = seconds;
  };
  return { admission, lanes, overflows, setTimeoutSeconds };
}

test('an event of an admitted model finds the same lane again', () => {
  const { lanes } = createSetup();
  const lane = lanes.of(EVENT);
  assert.equal(lanes.of({ ...EVENT, code: 503 }), lane);
  assert.notEqual(lanes.of({ ...EVENT, stream: true }), lane);
  assert.equal(lane.counted?.model, 'm');
});

test('a model without a label of its own is looked at anew each time, until it has one', () => {
  const { admission, lanes } = createSetup();
  const event = { ...EVENT, model: 'new' };
  assert.equal(lanes.of(event).counted, undefined);
  admission.model('novita', 'new', true);
  assert.equal(lanes.of(event).counted?.model, 'new');
});

test('other ways to write a name share its label and are not remembered', () => {
  const { lanes } = createSetup();
  const event = { ...EVENT, model: ' m ' };
  assert.equal(lanes.of(event).counted?.model, 'm');
  assert.notEqual(lanes.of(event), lanes.of(event));
});

test('a provider beyond the limit is told at each of its events', () => {
  const { lanes, overflows } = createSetup();
  for (let number = 0; number < 60; number += 1) lanes.of({ ...EVENT, provider: `p${number}` });
  const before = overflows.length;
  assert.ok(before > 0);
  lanes.of({ ...EVENT, provider: 'p59' });
  lanes.of({ ...EVENT, provider: 'p59' });
  assert.equal(overflows.length, before + 2);
});

test('a changed configuration holds for the next event', () => {
  const { lanes, setTimeoutSeconds } = createSetup();
  assert.equal(lanes.of(EVENT).known.gatewayTimeoutSeconds, 30);
  setTimeoutSeconds(90);
  lanes.forget();
  assert.equal(lanes.of(EVENT).known.gatewayTimeoutSeconds, 90);
});

test('what is learned goes on with the state that replaced a dropped one', () => {
  const { lanes, admission } = createSetup();
  for (const model of ['a', 'b']) admission.model('novita', model, true);
  const lane = lanes.of(EVENT);
  const first = lane.traffic();
  assert.equal(lane.traffic(), first);
  // Two models fit, so these drop it.
  for (const model of ['a', 'b']) lanes.of({ ...EVENT, model }).traffic();
  const second = lane.traffic();
  assert.notEqual(second, first);
  assert.equal(lane.traffic(), second);
});
