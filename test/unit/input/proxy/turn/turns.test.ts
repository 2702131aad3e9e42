import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { QueuedRequest } from '../../../../../src/event/sink.ts';
import type { RankedRequest } from '../../../../../src/input/proxy/turn/priority.ts';
import type { Turn } from '../../../../../src/input/proxy/turn/turn.ts';
import { type ThrottleSettings, Turns } from '../../../../../src/input/proxy/turn/turns.ts';
import { createLog } from '../../../../../src/log.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { tempDir } from '../../../../support/temp-dir.ts';

const SETTINGS: ThrottleSettings = {
  max: 2,
  min: 1,
  adaptive: false,
  per: 'upstream',
  queue: 3,
  queueTimeoutMs: 1000,
  priorities: [
    { name: 'high', header: { name: 'X-Priority', value: 'high' } },
    { name: 'middle', header: { name: 'X-Priority', value: 'middle' } },
  ],
};

interface Asked {
  readonly name: string;
  readonly priority: string;
  readonly model: string | undefined;
  readonly turn: Turn;
  state: 'waits' | 'underWay' | 'shed' | 'left' | 'done';
  /** How the queue was told that the wait ended. */
  readonly told: string[];
  /** How the request was told. */
  readonly heard: string[];
}

function requestOf(headers: Readonly<Record<string, string>>, url = '/v1/chat/completions'): RankedRequest {
  return { url, headers: Object.entries(headers).flat() };
}

/** Turns, and everyone who has asked for one. */
function newTurns(settings: Partial<ThrottleSettings> = {}) {
  const clock = createManualClock();
  const timers = new Set<object>();
  const all: Asked[] = [];
  const lines: string[] = [];
  const told: { priority: string; ends: string[] }[] = [];
  const turns = new Turns({
    provider: 'p',
    settings: { ...SETTINGS, ...settings },
    clock: {
      ...clock,
      after(delayMs, task) {
        const timer = {};
        timers.add(timer);
        const cancel = clock.after(delayMs, () => {
          timers.delete(timer);
          task();
        });
        return () => {
          timers.delete(timer);
          cancel();
        };
      },
    },
    guard: (_kind, _fallback, watch) => watch(),
    log: createLog({ write: (line) => lines.push(line) }),
    sink: {
      queue({ priority }): QueuedRequest {
        const ends: string[] = [];
        told.push({ priority, ends });
        const ending = (name: string) => () => void ends.push(name);
        return { admitted: ending('admitted'), rejected: ending('rejected'), left: ending('left') };
      },
    },
  });
  function ask(priority = '', { model, request }: { model?: string; request?: RankedRequest } = {}): Asked {
    const heard: string[] = [];
    const turn = turns.turnOf(request ?? requestOf({ 'x-priority': priority }), model, {
      granted() {
        asked.state = 'underWay';
        heard.push('granted');
      },
      shed(reason) {
        asked.state = 'shed';
        heard.push(reason);
      },
    });
    const { priority: found = '', ends = [] } = told.at(-1) ?? {};
    const asked: Asked = {
      name: `${found}${all.length}`,
      priority: found,
      model,
      turn,
      state: 'waits',
      heard,
      told: ends,
    };
    all.push(asked);
    turn.enter();
    return asked;
  }
  function end(asked: Asked): void {
    if (asked.state === 'waits') asked.state = 'left';
    if (asked.state === 'underWay') asked.state = 'done';
    asked.turn.end();
  }
  const inState = (state: Asked['state']) => all.filter((asked) => asked.state === state);
  return { turns, clock, timers, all, lines, ask, end, inState };
}

describe('turns', () => {
  test('are given up to the cap, then to the highest priority, and in a priority to the oldest', () => {
    const { ask, end, all, inState } = newTurns({ queue: 10, max: 1 });
    const first = ask();
    for (const priority of ['', 'high', 'middle', 'high', '', 'middle']) ask(priority);
    const order: string[] = [];
    for (let next: Asked | undefined = first; next !== undefined; next = inState('underWay')[0]) {
      end(next);
      order.push(next.name);
    }
    assert.deepEqual(order, ['default0', 'high2', 'high4', 'middle3', 'middle6', 'default1', 'default5']);
    assert.ok(all.every(({ told }) => told.length === 1 && told[0] === 'admitted'));
  });

  test('go to nobody else when the newest of the lowest priority has to make room', () => {
    const { ask } = newTurns();
    for (let index = 0; index < 2; index += 1) ask();
    const [oldest, newest, middle] = [ask(), ask(), ask('middle')];
    const low = ask();
    assert.deepEqual(low.heard, ['queue_full'], 'a full queue has no room for another of the lowest');
    const high = ask('high');
    assert.deepEqual([newest.heard, newest.told, high.state], [['queue_full'], ['rejected'], 'waits']);
    const second = ask('middle');
    assert.deepEqual([oldest.state, second.state], ['shed', 'waits']);
    const third = ask('middle');
    assert.deepEqual(
      [middle.state, second.state, third.state],
      ['waits', 'waits', 'shed'],
      'none gives way to its like',
    );
  });

  test('are not given to a queue of none', () => {
    const { ask, end } = newTurns({ queue: 0 });
    const [first] = [ask(), ask()];
    assert.deepEqual(ask('high').heard, ['queue_full']);
    if (first !== undefined) end(first);
    assert.deepEqual(ask().heard, ['granted']);
  });

  test('are not waited for longer than the timeout, and a place that was left is free', () => {
    const { ask, end, clock, inState } = newTurns();
    const held = [ask(), ask()];
    const [out, gone] = [ask(), ask()];
    clock.advance(500);
    const late = ask();
    end(gone);
    assert.deepEqual([gone.told, gone.heard], [['left'], []]);
    assert.equal(ask().state, 'waits', 'in the place of the one who left');
    clock.advance(500);
    assert.deepEqual([out.heard, out.told, late.state], [['queue_timeout'], ['rejected'], 'waits']);
    for (const one of held) end(one);
    assert.equal(inState('underWay').length, 2);
    clock.advance(60_000);
    assert.equal(inState('underWay').length, 2, 'the time of those who have their turn does not run');
  });

  test('are counted for each model apart, and together for requests that name none', () => {
    const { ask } = newTurns({ per: 'model', max: 1 });
    assert.equal(ask('', { model: 'a' }).state, 'underWay');
    assert.equal(ask('', { model: 'b' }).state, 'underWay');
    assert.equal(ask('', { model: 'a' }).state, 'waits');
    assert.equal(ask().state, 'underWay');
    assert.equal(ask().state, 'waits');
    assert.equal(ask('', { model: 'x'.repeat(1000) }).state, 'waits', 'no model has such a name');
  });

  test('keep no more lines than a bound, whatever names clients write', () => {
    const { ask, end, turns } = newTurns({ per: 'model', max: 1 });
    const busy = Array.from({ length: 255 }, (_, index) => ask('', { model: `busy${index}` }));
    for (let index = 0; index < 1000; index += 1) end(ask('', { model: `idle${index}` }));
    assert.equal(turns.lines().size, 256);
    const last = ask('', { model: 'one more' });
    assert.equal(ask('', { model: 'too many' }).state, 'underWay', 'in the line that is shared');
    assert.equal(ask('', { model: 'far too many' }).state, 'waits');
    assert.equal(turns.lines().size, 257, 'the shared one comes on top');
    for (const one of [...busy, last]) end(one);
    ask('', { model: 'has room again' });
    assert.ok(turns.lines().has('has room again'));
  });

  test('keep the queue when settings change: caps, priorities, what has a cap of its own, and off', () => {
    const { turns, ask, inState } = newTurns({ queue: 10 });
    for (const priority of ['', '', '', 'high', 'middle', '']) ask(priority, { model: `m${priority}` });
    turns.reconfigure({ ...SETTINGS, max: 3 });
    assert.deepEqual(
      inState('underWay').map(({ name }) => name),
      ['default0', 'default1', 'high3'],
    );
    turns.reconfigure({ ...SETTINGS, max: 4, priorities: [{ name: 'low' }, ...SETTINGS.priorities.slice(2)] });
    assert.ok(
      inState('underWay').some(({ name }) => name === 'default2'),
      'the priority of the other is no more: age decides',
    );
    turns.reconfigure({ ...SETTINGS, max: 2, per: 'model' });
    assert.deepEqual(
      inState('waits').map(({ name }) => name),
      ['default5'],
      'two lines have room, one has not',
    );
    turns.reconfigure(undefined);
    assert.equal(turns.isOn, false);
    assert.equal(inState('underWay').length, 6);
    assert.ok(inState('underWay').every(({ heard }) => heard.length === 1));
  });

  test('follow overload where the cap is adaptive, and only its causes', () => {
    const { turns, ask, end } = newTurns({ adaptive: true, max: 10 });
    const cap = () => turns.lines().get('')?.cap;
    const report = (cause: string) => {
      const asked = ask();
      assert.equal(asked.turn.learns, true);
      end(asked);
      asked.turn.report(cause);
    };
    for (const cause of ['invalid_request', 'quota_exhausted', 'client_aborted', 'upstream_unreachable']) report(cause);
    assert.equal(cap(), 10);
    report('model_overloaded');
    assert.equal(cap(), 7, 'though the turn was given back before it was known what came of it');
    const shed = newTurns({ adaptive: true, max: 1, queue: 0 });
    shed.ask();
    assert.equal(shed.ask().turn.learns, false, 'what was never sent tells nothing');
  });

  test('are told by header, path and key, all that is named', async (t) => {
    const file = join(await tempDir(t), 'keys');
    writeFileSync(file, '# core\nsk-core-1\n\n  sk-core-2  \n');
    const priorities = [
      { name: 'core', keyFile: file },
      { name: 'batch', pathPrefix: '/v1/batch', header: { name: 'X-Team', value: 'search' } },
    ];
    const { ask, turns, lines } = newTurns({ priorities, max: 100 });
    const priorityOf = (headers: Record<string, string>, url?: string) =>
      ask('', { request: requestOf(headers, url) }).priority;
    assert.equal(priorityOf({ authorization: 'Bearer sk-core-1' }), 'core');
    assert.equal(priorityOf({ 'x-api-key': 'sk-core-2' }), 'core');
    assert.equal(priorityOf({ authorization: 'Bearer sk-core' }), 'default');
    assert.equal(priorityOf({ authorization: 'Bearer # core' }), 'default');
    assert.equal(priorityOf({ 'x-team': 'search' }, '/v1/batch/7?x=1'), 'batch');
    assert.equal(priorityOf({ 'x-team': 'search' }, 'http://h/v1/%62atch'), 'batch');
    assert.equal(priorityOf({ 'x-team': 'search' }, '/v1/batches'), 'default');
    assert.equal(priorityOf({}, '/v1/batch'), 'default');
    writeFileSync(file, 'sk-core-3\n');
    turns.reconfigure({ ...SETTINGS, priorities });
    assert.equal(priorityOf({ authorization: 'Bearer sk-core-3' }), 'core');
    assert.equal(priorityOf({ authorization: 'Bearer sk-core-1' }), 'default');
    writeFileSync(file, 'two words\n');
    turns.reconfigure({ ...SETTINGS, priorities });
    assert.equal(priorityOf({ authorization: 'Bearer sk-core-3' }), 'core', 'a file of no use changes nothing');
    assert.match(lines.join(''), /could not be read/);
    assert.doesNotMatch(lines.join(''), /two words|sk-/);
  });
});

const priority = fc.constantFrom('', 'middle', 'high');
const model = fc.constantFrom('a', 'b', undefined);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), priority, model }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), at: fc.nat({ max: 1000 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat({ max: 700 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('cause' as const),
        at: fc.nat({ max: 1000 }),
        isOverload: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('reload' as const),
        max: fc.integer({ min: 1, max: 6 }),
        queue: fc.nat({ max: 5 }),
        per: fc.constantFrom('upstream' as const, 'model' as const),
        adaptive: fc.boolean(),
        isOff: fc.nat({ max: 4 }).map((n) => n === 0),
        hasPriorities: fc.boolean(),
      }),
    },
  ),
  { maxLength: 120 },
);

test('whatever comes, caps hold, every wait ends once, nobody is overtaken by a lesser one, and no turn is lost', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { turns, clock, timers, ask, end, inState, all: everyone } = newTurns();
      let settings: ThrottleSettings | undefined = SETTINGS;
      let isLowered = false;
      const rankOf = (asked: Asked) => {
        const at = settings?.priorities.findIndex(({ name }) => name === asked.priority) ?? -1;
        return at === -1 ? 99 : at;
      };
      const lineOf = (asked: Asked) => (settings?.per === 'model' ? asked.model : 'all');
      for (const step of all) {
        const waited = inState('waits');
        switch (step.kind) {
          case 'ask':
            if (turns.isOn) ask(step.priority, step.model === undefined ? {} : { model: step.model });
            break;
          case 'end': {
            const live = everyone.filter(({ state }) => state === 'waits' || state === 'underWay');
            const one = live[step.at % Math.max(1, live.length)];
            if (one !== undefined) end(one);
            break;
          }
          case 'time':
            clock.advance(step.ms);
            break;
          case 'cause':
            everyone[step.at % Math.max(1, everyone.length)]?.turn.report(
              step.isOverload ? 'model_overloaded' : 'none',
            );
            break;
          case 'reload': {
            const { max, queue, per, adaptive } = step;
            const priorities = step.hasPriorities ? SETTINGS.priorities : [];
            settings = step.isOff ? undefined : { ...SETTINGS, max, queue, per, adaptive, priorities };
            isLowered = true;
            turns.reconfigure(settings);
            break;
          }
        }
        // Of those who waited in one line, none got on while one of a higher rank, or an older one of the same, still waits.
        for (const one of waited.filter(({ state }) => state === 'underWay')) {
          for (const other of inState('waits').filter(
            (asked) => waited.includes(asked) && lineOf(asked) === lineOf(one),
          )) {
            const isFair =
              rankOf(one) < rankOf(other) ||
              (rankOf(one) === rankOf(other) && everyone.indexOf(one) < everyone.indexOf(other));
            assert.ok(isFair, `${one.name} went before ${other.name}`);
          }
        }
        const byLine = Map.groupBy(inState('underWay'), lineOf);
        if (settings !== undefined && !isLowered)
          for (const line of byLine.values()) assert.ok(line.length <= settings.max);
        for (const [name, line] of turns.lines()) {
          const waitsHere = inState('waits').some(
            (asked) => (lineOf(asked) === 'all' ? '' : (lineOf(asked) ?? '')) === name,
          );
          assert.ok(!waitsHere || line.inFlight >= line.cap, 'nobody waits while there is room');
        }
        assert.equal(timers.size, inState('waits').length, 'a timer for each that waits');
        assert.equal(
          [...turns.lines().values()].reduce((sum, { inFlight }) => sum + inFlight, 0),
          inState('underWay').length,
        );
      }
      clock.advance(2000);
      assert.equal(inState('waits').length, 0, 'time ends every wait');
      for (const one of inState('underWay')) end(one);
      for (const one of everyone) {
        one.turn.end();
        assert.equal(one.told.length, 1, `${one.name}: ${one.told}`);
        assert.equal(one.heard.length, one.told[0] === 'left' ? 0 : 1);
      }
      assert.ok([...turns.lines().values()].every(({ inFlight }) => inFlight === 0));
    }),
    { numRuns: 1000 },
  );
});

test('no more than the cap are under way, however many come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3 }), { maxLength: 300 }), fc.integer({ min: 1, max: 5 }), (moves, max) => {
      const { ask, end, inState } = newTurns({ max, queue: 4 });
      for (const move of moves) {
        const [oldest] = inState('underWay');
        if (move === 0 && oldest !== undefined) end(oldest);
        else ask(['', 'middle', 'high'][move - 1] ?? '');
        assert.ok(inState('underWay').length <= max);
        assert.ok(inState('waits').length <= 4);
      }
    }),
  );
});

test('a turn that ends as soon as it is given does not end in a stack as deep as the queue is long', () => {
  const { turns, ask, end } = newTurns({ max: 1, queue: 100_000 });
  const first = ask();
  let given = 0;
  for (let index = 0; index < 50_000; index += 1) {
    const turn = turns.turnOf(requestOf({}), undefined, {
      granted() {
        given += 1;
        turn.end();
      },
      shed: () => assert.fail(),
    });
    turn.enter();
  }
  end(first);
  assert.equal(given, 50_000);
});
