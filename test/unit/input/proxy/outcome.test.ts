import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorFacts } from '../../../../src/event/request-event.ts';
import { type ExchangeFacts, toEvent } from '../../../../src/input/proxy/outcome.ts';
import { networkFailure, STOPPED } from '../../../../src/input/proxy/own-answer.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const FINE: ExchangeFacts = {
  request: { model: 'm', stream: true, keyPresent: true, mustEnd: true },
  headers: {
    requestId: undefined,
    retryAfterSeconds: undefined,
    shouldRetry: undefined,
    rateLimit: undefined,
    errorType: undefined,
    markedOrigin: undefined,
  },
  provider: 'p',
  startMs: 1000,
  endMs: 3500,
  attempt: 1,
  lastTry: { startMs: 1000, endMs: undefined },
  phase: 'stream',
  status: 200,
  own: undefined,
  cut: undefined,
  clientLeft: false,
  response: { stream: { firstTokenMs: 1250, lastTokenMs: 3250, isComplete: true } },
};

const asked = (changes: Partial<ExchangeFacts['request']>) => ({ request: { ...FINE.request, ...changes } });

function eventOf(changes: Partial<ExchangeFacts>) {
  return toEvent({ ...FINE, ...changes }, createManualClock());
}

const stream = (isComplete: boolean | undefined) => ({ stream: { firstTokenMs: 1250, lastTokenMs: 3250, isComplete } });

test('a success has spans in seconds and neither phase nor error', () => {
  const event = eventOf({});
  assert.deepEqual([event.durationSeconds, event.firstTokenSeconds, event.outputSeconds], [2.5, 0.25, 2]);
  assert.deepEqual(
    [event.code, event.origin, event.phase, event.error, event.final],
    [200, 'provider', undefined, undefined, true],
  );
});

test('the last try is told apart where it is not all there was', () => {
  const tries = [
    { startMs: 1000, endMs: undefined },
    { startMs: 1200, endMs: undefined },
    { startMs: 1200, endMs: 2000 },
    undefined,
  ].map((lastTry) => eventOf({ lastTry }));
  assert.deepEqual(
    tries.map(({ lastTry }) => lastTry),
    [
      undefined,
      { durationSeconds: 2.3, firstTokenSeconds: 0.05 },
      { durationSeconds: 0.8, firstTokenSeconds: 0.05 },
      {},
    ],
  );
  assert.deepEqual(new Set(tries.map(({ durationSeconds }) => durationSeconds)), new Set([2.5]));
});

test('spans that are not known are absent, not zero', () => {
  const event = eventOf({ response: {} });
  assert.deepEqual([event.firstTokenSeconds, event.outputSeconds, event.stream], [undefined, undefined, true]);
});

test('an answer that is a stream overrules the request’s flag', () => {
  assert.equal(eventOf(asked({ stream: undefined })).stream, true);
  assert.equal(eventOf({ ...asked({ stream: undefined }), response: {} }).stream, undefined);
});

test('the hardest fact decides', () => {
  const error = { code: 'overloaded' };
  const cut = { origin: 'network', error: { code: 'ECONNRESET' } } as const;
  const cases: readonly (readonly [string, Partial<ExchangeFacts>, readonly unknown[]])[] = [
    ['left before any status', { status: undefined, own: STOPPED, clientLeft: true }, [499, 'client', undefined]],
    [
      'our answer',
      { status: 502, own: networkFailure('ENOTFOUND', 'x'), clientLeft: true },
      [502, 'network', 'ENOTFOUND'],
    ],
    ['our timeout', { status: 504, own: networkFailure('headers_timeout', 'x') }, [504, 'network', 'headers_timeout']],
    [
      'cut, though the end was in sight',
      { cut, clientLeft: true, response: { error } },
      [200, 'network', 'ECONNRESET'],
    ],
    ['left in mid-stream', { clientLeft: true, response: stream(false) }, [499, 'client', undefined]],
    ['left after the end mark', { clientLeft: true }, [200, 'provider', undefined]],
    [
      'left after the end mark of a failure',
      { clientLeft: true, response: { ...stream(true), error } },
      [200, 'provider', 'overloaded'],
    ],
    ['failed inside', { response: { ...stream(false), error } }, [200, 'provider', 'overloaded']],
    ['no end', { response: stream(false) }, [200, 'provider', 'missing_terminal_event']],
    ['no end, none expected', { response: stream(false), ...asked({ mustEnd: false }) }, [200, 'provider', undefined]],
    ['unreadable', { response: stream(undefined) }, [200, 'provider', undefined]],
    ['a page of HTML', { status: 503, response: { error: { shape: 'html' } } }, [503, 'edge', undefined]],
    ['a plain error', { status: 429, response: { error } }, [429, 'provider', 'overloaded']],
  ];
  for (const [title, changes, expected] of cases) {
    const event = eventOf(changes);
    assert.deepEqual([event.code, event.origin, event.error?.code], expected, title);
  }
});

test('the type that a header names stands in for one that the body does not', () => {
  const errorOf = (error: ErrorFacts) =>
    eventOf({ status: 429, response: { error }, headers: { ...FINE.headers, errorType: 'ThrottlingException' } }).error;
  const message = 'Too many requests';
  assert.deepEqual(errorOf({ message }), { message, type: 'ThrottlingException' });
  assert.deepEqual(errorOf({ message, code: 'slow_down' }), { message, code: 'slow_down' });
  assert.deepEqual(errorOf({ message, type: 'rate_limit' }), { message, type: 'rate_limit' });
});
