import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { createProxy } from '../../src/input/proxy/proxy.ts';
import { createLog } from '../../src/log.ts';
import { createRecorder } from '../../src/metrics/record/recorder.ts';
import { createStore } from '../../src/metrics/store.ts';
import type { SimulatorOptions } from '../../src/simulate/simulator.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { bodyOf, send, startProxy } from '../support/proxy.ts';
import { startSimulator } from '../support/simulator.ts';

/**
 * Simulated API, proxy and recorder on one clock that the test moves: minutes pass at once, and a duration is exactly
 * what the simulated gateway waited, however busy the machine is.
 */
async function startChain(t: TestContext, options: SimulatorOptions) {
  const clock = createManualClock();
  const simulator = await startSimulator(t, { ...options, clock });
  const store = createStore({ clock });
  const settings = { providers: {}, modelLimit: 10 };
  const recorder = createRecorder({ store, catalogue: loadCatalogue(), clock, settings });
  const upstreams = [{ name: 'acme', target: { url: simulator.url, provider: 'acme' } }];
  const proxy = createProxy({ upstreams, sink: recorder, clock, log: createLog({ write: () => undefined }) });
  t.after(() => proxy.close());
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  let asked = 0;

  /** Sends so many requests at once, lets `takesMs` pass once the simulator has them, and reads the answers. */
  const ask = async (count: number, takesMs: number, cause = 'none') => {
    asked += count;
    const headers = { authorization: 'Bearer k', 'x-simulate-cause': cause };
    const answers = Array.from({ length: count }, async () =>
      bodyOf(await send(port, '{"model":"m","messages":[]}', { headers })),
    );
    await eventually(() => assert.equal(simulator.requests(), asked));
    clock.advance(takesMs);
    await Promise.all(answers);
    await eventually(() => assert.equal(sum('llm_requests_total'), asked));
  };
  const sum = (name: 'llm_requests_total' | 'llm_classifications_total') =>
    [...store.samples(name)].reduce((total, { value }) => total + value, 0);
  const by = (name: 'llm_requests_total' | 'llm_classifications_total', label: 'cause' | 'basis') => {
    const counts: Record<string, number> = {};
    for (const { labels, value } of store.samples(name)) {
      const key = new Map(Object.entries(labels)).get(label) ?? '';
      counts[key] = (counts[key] ?? 0) + value;
    }
    return counts;
  };
  return { clock, ask, by };
}

test('a long generation is told from a timeout once the gateway’s limit has been learned from its timeouts', async (t) => {
  const { ask, by } = await startChain(t, { gatewayTimeoutMs: 100_000 });
  await ask(4, 100_000, 'gateway_timeout_long_generation');
  assert.deepEqual(by('llm_requests_total', 'cause'), { upstream_timeout: 4 });
  await ask(3, 100_000, 'gateway_timeout_long_generation');
  assert.deepEqual(by('llm_requests_total', 'cause'), { upstream_timeout: 4, gateway_timeout_long_generation: 3 });
  await ask(1, 40_000, 'upstream_timeout,afterMs=40000');
  assert.deepEqual(by('llm_requests_total', 'cause'), { upstream_timeout: 5, gateway_timeout_long_generation: 3 });
  assert.equal(by('llm_classifications_total', 'basis').timing, 3);
});

test('a quick 503 is surge protection in a ramp of own traffic, and unexplained without one', async (t) => {
  const { clock, ask, by } = await startChain(t, { latencyMs: 2_000 });
  for (let minute = 0; minute < 5; minute += 1) {
    await ask(10, 2_000);
    clock.advance(58_000);
  }
  await ask(5, 0, 'service_unavailable');
  assert.deepEqual(by('llm_requests_total', 'cause'), { none: 50, service_unavailable: 5 });
  clock.advance(5_000);
  await ask(40, 2_000);
  await ask(5, 0, 'service_unavailable');
  assert.deepEqual(by('llm_requests_total', 'cause'), { none: 90, service_unavailable: 5, surge_protection: 5 });
  assert.equal(by('llm_classifications_total', 'basis').timing, 5);
});

test('the proxy tells the size of a request, by which big ones can be told from small ones', async (t) => {
  const simulator = await startSimulator(t);
  const proxy = await startProxy(t, simulator.url);
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'é'.repeat(40_000) }] });
  await bodyOf(await send(proxy.port, body, { headers: { authorization: 'Bearer k' } }));
  const [event] = await proxy.settled(1);
  assert.equal(event?.requestBytes, Buffer.byteLength(body));
});
