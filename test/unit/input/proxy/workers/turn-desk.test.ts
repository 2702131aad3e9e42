import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxySchema } from '../../../../../src/config/proxy/schema-proxy.ts';
import { createGuard } from '../../../../../src/input/proxy/tap/guard.ts';
import { throttleSettingsOf } from '../../../../../src/input/proxy/turn/settings.ts';
import type { AskedTurn } from '../../../../../src/input/proxy/turn/turns.ts';
import type { ToMain, ToWorker } from '../../../../../src/input/proxy/workers/messages.ts';
import { createRemoteTurns } from '../../../../../src/input/proxy/workers/remote-turns.ts';
import { createTurnDesk } from '../../../../../src/input/proxy/workers/turn-desk.ts';
import { createLog } from '../../../../../src/log.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { createRecordingSink } from '../../../../support/recording-sink.ts';

const PRIORITIES = [{ name: 'core', header: 'x-priority: core' }];

/** The desk of a main process, and workers that speak with it through JSON and nothing else. */
function newDesk(throttle: object) {
  const configOf = (changed: object) =>
    proxySchema.parse({
      upstreams: [
        { name: 'u', url: 'http://u', throttle: { per: 'upstream', priorities: PRIORITIES, ...throttle }, ...changed },
      ],
    });
  const clock = createManualClock();
  const log = createLog({ write: () => undefined });
  const sink = createRecordingSink();
  const context = { sink, clock, log, guard: createGuard(log) };
  const desk = createTurnDesk({ config: configOf({}), ...context });

  function worker() {
    const told: ToMain[] = [];
    const book = desk.open((message: ToWorker) => {
      const heard: ToWorker = JSON.parse(JSON.stringify(message));
      if (heard[0] === 'granted') remote.granted(heard[1]);
      if (heard[0] === 'shed') remote.shed(heard[1], heard[2]);
    });
    const remote = createRemoteTurns((message) => {
      told.push(message);
      book.take(JSON.parse(JSON.stringify(message)));
    });
    const [upstream] = configOf({}).upstreams;
    const settings = upstream && throttleSettingsOf(upstream);
    const source = remote.source('u', {
      ...{ provider: 'p', settings, ...context },
    });
    const ask = (priority = '') => {
      const heard: string[] = [];
      const request = { url: '/', headers: ['x-priority', priority] };
      const asker = { granted: () => heard.push('granted'), shed: (reason: string) => heard.push(reason) };
      const turn: AskedTurn = source.turnOf(request, 'm', asker);
      turn.enter();
      return { turn, heard };
    };
    return { ask, book, remote, told, source };
  }
  return { worker, clock, reload: (changed: object) => desk.reconfigure(configOf(changed)) };
}

test('the workers share one cap, and a higher priority in one goes before a lower one in the other', () => {
  const { worker } = newDesk({ max_in_flight: 1 });
  const [a, b] = [worker(), worker()];
  const running = a.ask();
  const low = a.ask();
  const high = b.ask('core');
  assert.deepEqual([running.heard, low.heard, high.heard], [['granted'], [], []]);
  running.turn.end();
  assert.deepEqual([low.heard, high.heard], [[], ['granted']]);
  high.turn.end();
  assert.deepEqual(low.heard, ['granted']);
});

test('a full queue and a wait that is too long are told to the worker', () => {
  const { worker, clock } = newDesk({ max_in_flight: 1, queue: 1, queue_timeout: '1s' });
  const [a, b] = [worker(), worker()];
  a.ask();
  const waiting = b.ask();
  assert.deepEqual(a.ask().heard, ['queue_full']);
  clock.advance(1000);
  assert.deepEqual(waiting.heard, ['queue_timeout']);
});

test('a worker that is gone gives back what it had and leaves the queue', () => {
  const { worker } = newDesk({ max_in_flight: 1 });
  const [a, b] = [worker(), worker()];
  a.ask();
  a.ask('core');
  const other = b.ask();
  a.book.close();
  assert.deepEqual(other.heard, ['granted']);
});

test('one who leaves while its turn is on the way gives it back', () => {
  const { worker } = newDesk({ max_in_flight: 1 });
  const [a, b] = [worker(), worker()];
  const running = a.ask();
  const leaving = b.ask();
  leaving.turn.end();
  running.turn.end();
  assert.deepEqual([leaving.heard, b.ask().heard], [[], ['granted']]);
});

test('an adaptive cap learns from what workers report, also behind the end of a turn', () => {
  const { worker } = newDesk({ max_in_flight: 10, adaptive: true });
  const a = worker();
  const turns = Array.from({ length: 10 }, () => a.ask());
  for (const { turn } of turns) {
    turn.end();
    assert.equal(turn.learns, true);
    turn.report('model_overloaded');
    turn.settle?.();
    assert.equal(turn.learns, false);
  }
  const again = Array.from({ length: 10 }, () => a.ask());
  assert.equal(again.filter(({ heard }) => heard.length === 1).length, 7);
  assert.equal(a.told.filter(([kind]) => kind === 'turn-over').length, 10, 'the main process need not keep them');
});

test('a reload changes the cap for those who wait, and a cap that is gone lets everyone go', () => {
  const { worker, reload } = newDesk({ max_in_flight: 1 });
  const a = worker();
  const asked = [a.ask(), a.ask(), a.ask()];
  reload({ throttle: { per: 'upstream', max_in_flight: 2 } });
  assert.deepEqual(
    asked.map(({ heard }) => heard.length),
    [1, 1, 0],
  );
  reload({ throttle: undefined });
  assert.deepEqual([asked[2]?.heard, a.ask().heard], [['granted'], ['granted']]);
});

test('without a main process nobody waits', () => {
  const { worker } = newDesk({ max_in_flight: 1 });
  const a = worker();
  const asked = [a.ask(), a.ask()];
  a.remote.release();
  assert.deepEqual(
    [...asked, a.ask()].map(({ heard }) => heard),
    [['granted'], ['granted'], ['granted']],
  );
});
