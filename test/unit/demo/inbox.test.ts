import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInbox } from '../../../src/demo/inbox.ts';
import type { Notification } from '../../../src/demo/webhook.ts';

function notification(status: Notification['status']): Notification {
  const none = { groupLabels: {}, commonLabels: {}, commonAnnotations: {}, alerts: [], externalURL: '' };
  return { version: '4', status, receiver: status, ...none };
}

const is = (status: Notification['status']) => (found: Notification) => found.status === status;

test('a notification is found whether it came before the question or after', async () => {
  const delivered: string[] = [];
  const inbox = createInbox(({ status }) => delivered.push(status));
  const { signal } = new AbortController();
  const later = inbox.find(is('resolved'), signal);
  inbox.deliver(notification('firing'));
  assert.equal((await inbox.find(is('firing'), signal))?.status, 'firing');
  inbox.deliver(notification('resolved'));
  assert.equal((await later)?.status, 'resolved');
  assert.deepEqual(delivered, ['firing', 'resolved']);
});

test('waiting ends with nothing when the story is broken off', async () => {
  const inbox = createInbox(() => {});
  const stop = new AbortController();
  const found = inbox.find(is('firing'), stop.signal);
  stop.abort();
  assert.equal(await found, undefined);
  assert.equal(await inbox.find(is('firing'), stop.signal), undefined);
});
