import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_HELD_ANSWER_BYTES, MAX_HOLD_MS, Screen } from '../../../../../src/input/proxy/retry/screen.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

const HEAD = { status: 503, reason: 'Busy', headers: ['a', 'b'] };
const FINE = { status: 200, reason: 'OK', headers: [] };

/** A screen that holds 503 and waits with what it may; `seen` is what the client and the rules hear. */
function createScreen() {
  const clock = createManualClock();
  const seen: unknown[] = [];
  let pass = (): void => undefined;
  let isTaking = true;
  const screen = new Screen({
    clock,
    listener: {
      information: ({ status }) => void seen.push(status),
      head: ({ status }) => void seen.push(status),
      data(chunk) {
        seen.push(String(chunk));
        return isTaking;
      },
      end: (trailers) => void seen.push(['end', ...trailers]),
      failed: (code) => void seen.push(['failed', code]),
    },
    mayReplaceAnswer: (status) => status === 503,
    mayReplaceFailure: (code) => code === 'ECONNRESET',
    onEnd(ending, then) {
      seen.push(ending.own === undefined ? ['ends', ending.status, ending.cut?.error.code] : ['ends', ending.own.code]);
      pass = then;
    },
    onShown: () => void seen.push('shown'),
    onUnheld: () => void seen.push('unheld'),
  });
  const stopTaking = (): void => {
    isTaking = false;
  };
  return { screen, clock, seen, pass: () => pass(), stopTaking };
}

test('what need not be held passes by', () => {
  const { screen, seen } = createScreen();
  screen.head(FINE);
  assert.equal(screen.data(Buffer.from('x')), true);
  screen.end(['t', '1']);
  assert.deepEqual(seen, ['shown', 200, 'x', ['end', 't', '1']]);
});

test('what is held comes out as it went in, or not at all', () => {
  const { screen, seen, pass, clock } = createScreen();
  screen.head(HEAD);
  screen.data(Buffer.from('x'));
  screen.data(Buffer.from('y'));
  screen.end(['t', '1']);
  assert.deepEqual(seen, [['ends', 503, undefined]]);
  clock.advance(MAX_HOLD_MS);
  pass();
  assert.deepEqual(seen.slice(1), ['shown', 503, 'xy', ['end', 't', '1']]);
});

test('too much is passed on from there, and its back-pressure counts', () => {
  const { screen, seen, stopTaking } = createScreen();
  screen.head(HEAD);
  assert.equal(screen.data(Buffer.alloc(MAX_HELD_ANSWER_BYTES, 'x')), true);
  stopTaking();
  assert.equal(screen.data(Buffer.from('y')), false);
  screen.end([]);
  assert.deepEqual(seen, ['unheld', 'shown', 503, 'x'.repeat(MAX_HELD_ANSWER_BYTES), 'y', ['end']]);
});

test('too slow is passed on from there', () => {
  const { screen, seen, clock } = createScreen();
  screen.head(HEAD);
  screen.data(Buffer.from('x'));
  clock.advance(MAX_HOLD_MS - 1);
  assert.deepEqual(seen, []);
  clock.advance(1);
  screen.data(Buffer.from('y'));
  screen.failed('ECONNRESET', 'gone');
  assert.deepEqual(seen, ['unheld', 'shown', 503, 'x', 'y', ['failed', 'ECONNRESET']]);
});

test('a break while an answer is held is its end, and shown as a break', () => {
  const { screen, seen, pass } = createScreen();
  screen.head(HEAD);
  screen.data(Buffer.from('x'));
  screen.failed('ECONNRESET', 'gone');
  assert.deepEqual(seen, [['ends', 503, 'ECONNRESET']]);
  pass();
  assert.deepEqual(seen.slice(1), ['shown', 503, 'x', ['failed', 'ECONNRESET']]);
});

test('a failure without an answer is an end where it may be replaced, and shown where not', () => {
  const lost = createScreen();
  lost.screen.failed('ECONNRESET', 'gone');
  assert.deepEqual(lost.seen, [['ends', 'ECONNRESET']]);
  lost.pass();
  assert.deepEqual(lost.seen.slice(1), ['shown', ['failed', 'ECONNRESET']]);
  const silent = createScreen();
  silent.screen.failed('headers_timeout', 'silent');
  assert.deepEqual(silent.seen, ['shown', ['failed', 'headers_timeout']]);
});

test('a 1xx passes by, and what follows it is held all the same', () => {
  const { screen, seen } = createScreen();
  screen.information({ status: 103, reason: '', headers: [] });
  screen.head(HEAD);
  screen.end([]);
  assert.deepEqual(seen, [103, ['ends', 503, undefined]]);
});

test('nothing is heard of what was held once it is closed', () => {
  const { screen, seen, clock } = createScreen();
  screen.head(HEAD);
  screen.close();
  clock.advance(MAX_HOLD_MS);
  assert.deepEqual(seen, []);
});
