import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TAPS } from '../../../../src/event/sink.ts';
import { createProxyRecorder } from '../../../../src/metrics/record/proxy-recorder.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

test('faults of watching begin at 0 with the proxy, and are counted by their part', () => {
  const store = createStore({ clock: createManualClock() });
  const { taps } = createProxyRecorder(store);
  const counts = () =>
    Object.fromEntries(
      store.samples('llm_exporter_proxy_tap_failures_total').map(({ labels, value }) => [labels.part, value]),
    );
  assert.deepEqual(counts(), {});
  const failed = taps();
  const none = Object.fromEntries(TAPS.map((part) => [part, 0]));
  assert.deepEqual(counts(), none);
  failed('frame');
  failed('frame');
  failed('event');
  // The workers' main process and a proxy of its own may both begin them.
  taps();
  assert.deepEqual(counts(), { ...none, frame: 2, event: 1 });
});
