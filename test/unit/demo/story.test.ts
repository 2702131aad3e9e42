import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInbox } from '../../../src/demo/inbox.ts';
import { type Outcome, tellStory } from '../../../src/demo/story.ts';
import { DEMO_MODELS } from '../../../src/demo/traffic.ts';
import type { Notification, NotifiedAlert } from '../../../src/demo/webhook.ts';
import { createSimulator } from '../../../src/simulate/simulator.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const LONGEST_PART_MS = 60_000;

function alert(alertname: string, status: NotifiedAlert['status'], startsAt = '2026-01-02T00:00:00Z'): NotifiedAlert {
  const labels = { alertname, model: DEMO_MODELS[0], code: '503' };
  return { status, labels, annotations: {}, startsAt, endsAt: '' };
}

function notification(...alerts: readonly NotifiedAlert[]): Notification {
  const none = { groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: '' };
  return { version: '4', status: alerts[0]?.status ?? 'firing', receiver: 'r', alerts: [...alerts], ...none };
}

/** The story up to its incident; notifications are delivered by hand. */
async function startStory() {
  const clock = createManualClock();
  const inbox = createInbox(() => {});
  const said: string[] = [];
  const stop = new AbortController();
  const stack = {
    simulator: createSimulator({ clock }),
    simulatorUrl: '',
    proxyUrl: '',
    webUrl: '',
    prometheusUrl: 'http://prometheus',
    alertmanagerUrl: undefined,
    close: async () => {},
  };
  let outcome: Outcome | undefined;
  const end = tellStory({ stack, inbox, clock, signal: stop.signal, say: (text) => said.push(text) }).then((how) => {
    outcome = how;
  });
  const settle = async () => {
    clock.advance(LONGEST_PART_MS);
    // The story goes on in microtasks; a turn of the event loop runs them all.
    await new Promise(setImmediate);
  };
  await settle();
  const deliver = async (message: Notification) => {
    inbox.deliver(message);
    await settle();
    await settle();
  };
  return { deliver, end, stop, said, outcome: () => outcome };
}

test('the story ends with the end of the alert it has shown, not with that of another or an earlier one', async () => {
  const story = await startStory();
  await story.deliver(notification(alert('Severe', 'resolved', '2026-01-01T00:00:00Z')));
  await story.deliver(notification(alert('Severe', 'firing')));
  assert.match(story.said.at(-1) ?? '', /^healed/);
  await story.deliver(notification(alert('Mild', 'resolved')));
  assert.equal(story.outcome(), undefined);
  await story.deliver(notification(alert('Severe', 'resolved')));
  assert.deepEqual(story.outcome(), { fired: true, resolved: true });
});

test('two alerts in one message are waited for, both of them', async () => {
  const story = await startStory();
  await story.deliver(notification(alert('Severe', 'firing'), alert('Mild', 'firing')));
  await story.deliver(notification(alert('Mild', 'resolved')));
  assert.equal(story.outcome(), undefined);
  await story.deliver(notification(alert('Severe', 'resolved')));
  assert.deepEqual(story.outcome(), { fired: true, resolved: true });
});

test('a story that is broken off before its end says that nothing was resolved', async () => {
  const story = await startStory();
  await story.deliver(notification(alert('Severe', 'firing')));
  story.stop.abort();
  await story.end;
  assert.deepEqual(story.outcome(), { fired: true, resolved: false });
});
