import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Mortal, untilGone } from '../../../../../src/input/proxy/workers/worker-process.ts';

/** A worker that has not ended yet; `gone` holds how it did, when that is known. */
function startFake() {
  const state = { isConnected: true };
  const emitter = Object.assign(new EventEmitter(), { process: { pid: 1 }, isConnected: () => state.isConnected });
  // The overloads of its listeners are those of any emitter.
  const worker = emitter as unknown as Mortal;
  const gone: string[] = [];
  const over = untilGone(worker).then((how) => gone.push(how));
  return { state, emitter, gone, over };
}

test('a worker whose channel was closed without a word is gone when it has ended', { timeout: 10_000 }, async () => {
  const { state, emitter, gone, over } = startFake();
  state.isConnected = false;
  emitter.emit('exit', 0, null);
  await over;
  assert.deepEqual(gone, ['exit code 0']);
});

test('as long as the channel of one that has ended is open, more may be heard of it', { timeout: 10_000 }, async () => {
  const { state, emitter, gone, over } = startFake();
  emitter.emit('exit', null, 'SIGKILL');
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.deepEqual(gone, []);
  state.isConnected = false;
  await over;
  assert.deepEqual(gone, ['SIGKILL']);
});

test('a closed channel is not the end', { timeout: 10_000 }, async () => {
  const { state, emitter, gone, over } = startFake();
  state.isConnected = false;
  emitter.emit('disconnect');
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.deepEqual(gone, []);
  emitter.emit('exit', 1, null);
  await over;
  assert.deepEqual(gone, ['exit code 1']);
});
