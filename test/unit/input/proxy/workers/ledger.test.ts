import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestEvent } from '../../../../../src/event/request-event.ts';
import type { LiveRequest } from '../../../../../src/event/sink.ts';
import { createGuard } from '../../../../../src/input/proxy/tap/guard.ts';
import { createLedger } from '../../../../../src/input/proxy/workers/ledger.ts';
import type { ToMain } from '../../../../../src/input/proxy/workers/messages.ts';
import { createLog } from '../../../../../src/log.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { createCounted } from '../../../../support/retrying-proxy.ts';

function newLedger() {
  const clock = createManualClock();
  const { sink, counted } = createCounted(clock);
  const ledger = createLedger({ sink, clock, guard: createGuard(createLog()) });
  // As it comes through the channel.
  const hear = (message: ToMain) => ledger.take(JSON.parse(JSON.stringify(message)));
  const event: RequestEvent = { timeMs: clock.nowMs(), provider: 'p', model: 'm', code: 200, attempt: 1, final: true };
  return { clock, counted, ledger, hear, event };
}

test('what a worker tells is counted as if it had happened here', () => {
  const { counted, ledger, hear, event } = newLedger();
  hear(['open', 1, 'p']);
  hear(['model', 1, 'm']);
  hear(['attempt', 1, { ...event, code: 503, final: false }]);
  hear(['retry', 1, { cause: 'service_unavailable', retryable: 'yes' }, 'retried']);
  assert.equal(counted.live(), 1);
  hear(['end', 1, { ...event, attempt: 2 }]);
  assert.deepEqual([counted.live(), counted.sum('llm_requests_total', { code: '200', model: 'm' })], [0, 1]);
  assert.deepEqual([counted.sum('llm_attempts_total'), counted.sum('llm_retries_total')], [2, 1]);
  assert.equal(ledger.abandon(), 0);
});

test('the requests of a worker that died end once, with the time that they took', () => {
  const { clock, counted, ledger, hear, event } = newLedger();
  for (const id of [1, 2, 3]) hear(['open', id, 'p']);
  hear(['model', 2, 'm']);
  hear(['end', 1, event]);
  clock.advance(2500);
  assert.equal(ledger.abandon(), 2);
  assert.equal(ledger.abandon(), 0);
  // What was still in the channel is heard first; whatever comes behind is of no request any more.
  hear(['end', 2, event]);
  assert.equal(counted.live(), 0);
  const died = counted.events.filter(({ code }) => code === 503);
  assert.deepEqual(
    died.map(({ model, origin, error, durationSeconds }) => [model, origin, error?.code, durationSeconds]),
    [
      ['m', 'exporter', 'worker_died', 2.5],
      [undefined, 'exporter', 'worker_died', 2.5],
    ],
  );
  assert.equal(counted.sum('llm_requests_total'), 3);
});

test('what is not about requests is left to others', () => {
  const { hear } = newLedger();
  assert.equal(hear(['uncounted', 3]), false);
  assert.equal(hear(['turn-over', 1]), false);
});

test('a fault in counting ends neither the process nor the requests that come behind', () => {
  const clock = createManualClock();
  const { sink, counted } = createCounted(clock);
  const lines: string[] = [];
  const guard = createGuard(createLog({ write: (line) => lines.push(line) }));
  let faults = 0;
  const faulty = {
    ...sink,
    open(start: { readonly provider: string }): LiveRequest {
      const live = sink.open(start);
      if (start.provider !== 'faulty') return live;
      return Object.assign(live, {
        end() {
          faults += 1;
          throw new Error('counting failed');
        },
      });
    },
  };
  const ledger = createLedger({ sink: faulty, clock, guard });
  const event: RequestEvent = { timeMs: clock.nowMs(), provider: 'p', code: 200, final: true };
  for (const [id, provider] of ['faulty', 'p', 'faulty', 'p'].entries()) ledger.take(['open', id, provider]);
  assert.equal(ledger.take(['end', 0, event]), true);
  assert.equal(ledger.take(['end', 1, event]), true);
  assert.equal(ledger.abandon(), 2);
  assert.deepEqual([faults, counted.events.map(({ code }) => code)], [2, [200, 503]]);
  assert.match(lines.join(''), /^[^\n]*watching failed[^\n]*\n$/);
});
