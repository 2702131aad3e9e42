import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { RequestEvent } from '../../../../../src/event/request-event.ts';
import type { ToMain } from '../../../../../src/input/proxy/workers/messages.ts';
import { Outbox } from '../../../../../src/input/proxy/workers/outbox.ts';
import { createReportingSink } from '../../../../../src/input/proxy/workers/reporting-sink.ts';

const EVENT: RequestEvent = { timeMs: 0, provider: 'p', code: 200, final: true };

function newSink() {
  const messages: ToMain[] = [];
  const observed: RequestEvent[] = [];
  const taken: (() => void)[] = [];
  const outbox = new Outbox<ToMain>((batch, sent) => {
    messages.push(...batch);
    taken.push(sent);
  });
  const judge = {
    judge: () => ({ cause: 'unclassified', retryable: 'no' }) as const,
    observe: (event: RequestEvent) => void observed.push(event),
  };
  return { sink: createReportingSink({ outbox, judge }), outbox, messages, observed, take: () => taken.shift()?.() };
}

test('a request is told from its begin to its one end, and its worker learns from it', async () => {
  const { sink, messages, observed } = newSink();
  const live = sink.open({ provider: 'p' });
  live.model = undefined;
  live.model = 'm';
  live.model = 'm';
  assert.equal(live.model, 'm');
  live.attempt({ ...EVENT, code: 503, final: false });
  live.end(EVENT);
  live.end(EVENT);
  await turn();
  assert.deepEqual(
    messages.map(([kind, id]) => [kind, id]),
    [
      ['open', 1],
      ['model', 1],
      ['attempt', 1],
      ['end', 1],
    ],
  );
  assert.equal(observed.length, 2);
});

test('what could not be watched is told, to be counted where all is', async () => {
  const { sink, messages } = newSink();
  sink.taps()('frame');
  await turn();
  assert.deepEqual(messages, [['tap-failed', 'frame']]);
});

test('while nothing is taken a bounded number waits, and the rest is told as a number', async () => {
  const { sink, outbox, messages, take } = newSink();
  const first = sink.open({ provider: 'p' });
  await turn();
  const bound = 50_000;
  for (let count = 0; count < bound + 7; count += 1) sink.open({ provider: 'p' }).end(EVENT);
  assert.ok(outbox.size <= bound + 1, `${outbox.size} wait`);
  const kept = outbox.size;
  // Requests that were told to have begun end for certain.
  first.end(EVENT);
  assert.equal(outbox.size, kept + 1);
  take();
  await turn();
  take();
  sink.open({ provider: 'p' }).end(EVENT);
  await turn();
  const opened = messages.filter(([kind]) => kind === 'open').length;
  const ended = messages.filter(([kind]) => kind === 'end').length;
  const uncounted = messages.flatMap((message) => (message[0] === 'uncounted' ? [message[1]] : []));
  assert.equal(opened, ended);
  assert.equal(uncounted.length, 1);
  assert.equal(opened + (uncounted[0] ?? 0), bound + 9);
});

test('what was not told is told at the end, though nothing is taken', () => {
  const { sink, outbox, messages } = newSink();
  for (let count = 0; count < 50_003; count += 1) sink.open({ provider: 'p' });
  sink.tellUncounted();
  sink.tellUncounted();
  outbox.flush();
  assert.deepEqual(messages.at(-1), ['uncounted', 3]);
  assert.equal(messages.length, 50_001);
});
