import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { createJudge } from '../../../src/classify/judge.ts';
import type { RequestEvent } from '../../../src/event/request-event.ts';

const catalogue = loadCatalogue();
const timedOut = (seconds: number): RequestEvent => {
  return {
    timeMs: 0,
    provider: 'p',
    model: 'm',
    stream: false,
    code: 504,
    durationSeconds: seconds,
    origin: 'edge',
    final: true,
  };
};

test('names a cause and whether it heals, and goes by the timeouts it is given', () => {
  const judge = createJudge({ catalogue, gatewayTimeouts: { p: 30 } });
  const at30 = judge.judge(timedOut(30.2));
  const at12 = judge.judge(timedOut(12));
  assert.deepEqual([at30.cause, at12.cause], ['gateway_timeout_long_generation', 'upstream_timeout']);
  judge.reconfigure({ catalogue, gatewayTimeouts: { p: 12 } });
  assert.deepEqual(judge.judge(timedOut(12)), at30);
  assert.equal(catalogue.causes.gateway_timeout_long_generation.retryable, at30.retryable);
});

test('learns from what it observes, whatever names clients write', () => {
  const judge = createJudge({ catalogue, gatewayTimeouts: {} });
  for (let at = 0; at < 2000; at += 1) {
    const model = at % 2 === 0 ? 'm' : 'x'.repeat(at);
    judge.observe({ timeMs: at * 1000, provider: 'p', model, code: 200, durationSeconds: 1, final: true });
  }
  assert.equal(judge.judge({ timeMs: 2e6, provider: 'p', code: 200, final: true }).cause, 'none');
});
