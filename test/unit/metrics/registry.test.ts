import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Registry } from 'prom-client';
import { families } from '../../../src/metrics/families.ts';
import { createMetricsRegistry } from '../../../src/metrics/registry.ts';
import { createStore } from '../../../src/metrics/store.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { parseExposition } from '../../support/scrape.ts';

/** Only our families: prom-client's own text says "Nan" now and then. */
async function readText(registry: Registry) {
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('llm_'));
  return parseExposition(`${lines.join('\n')}\n`);
}

function newRegistry() {
  const store = createStore({ clock: createManualClock() });
  store.add('llm_tokens_total', { provider: 'p', model: 'm', token_type: 'input' }, 5);
  store.observe('llm_time_to_first_token_seconds', { provider: 'p', model: 'm' }, 2);
  return { store, ...createMetricsRegistry(store) };
}

test('the registry gives the values of the store as JSON and as text', async () => {
  const { registry } = newRegistry();
  const json: readonly { readonly name: string; readonly values?: readonly unknown[] }[] =
    await registry.getMetricsAsJSON();
  const names = json.map(({ name }) => name);
  for (const name of [...Object.keys(families), 'process_cpu_user_seconds_total'])
    assert.ok(names.includes(name), name);
  assert.deepEqual(json.find(({ name }) => name === 'llm_tokens_total')?.values, [
    { value: 5, labels: { provider: 'p', model: 'm', token_type: 'input' } },
  ]);
  const { sum } = await readText(registry);
  assert.equal(sum('llm_tokens_total', { provider: 'p', model: 'm', token_type: 'input' }), 5);
  assert.equal(sum('llm_time_to_first_token_seconds_bucket', { le: '+Inf' }), 1);
  assert.equal(sum('llm_time_to_first_token_seconds_bucket', { le: '1.5' }), 0);
  assert.equal(sum('llm_time_to_first_token_seconds_sum'), 2);
});

test('what is not in the store is rendered apart, so that nothing shows twice', async () => {
  const text = await newRegistry().ownText();
  assert.match(text, /^process_resident_memory_bytes /m);
  assert.doesNotMatch(text, /llm_/);
  assert.doesNotMatch(text, /_total gauge$/m);
});

test('derives values at the moment of the question', async () => {
  const { store, registry } = newRegistry();
  store.beforeCollect(() => store.set('llm_requests_in_flight', { provider: 'p', model: 'm' }, 3));
  assert.equal((await readText(registry)).sum('llm_requests_in_flight'), 3);
});
