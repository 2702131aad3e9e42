import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Registry } from 'prom-client';
import { renderOpenMetrics, renderText } from '../../../src/metrics/exposition.ts';
import { families } from '../../../src/metrics/families.ts';
import { createMetricsRegistry } from '../../../src/metrics/registry.ts';
import { TRUE_VALUES } from '../../../src/metrics/scrapers.ts';
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

test('tells what is not in the store apart, so that nothing shows twice', async () => {
  const names = (await newRegistry().own()).map(({ name }) => name);
  assert.ok(names.includes('process_resident_memory_bytes'));
  assert.deepEqual(
    names.filter((name) => name.startsWith('llm_')),
    [],
  );
});

test('every name of prom-client is one that both formats allow for its type', async () => {
  const { store, own } = newRegistry();
  const suffixes = /_(total|created|sum|count|bucket|info|gcount|gsum)$/;
  for (const { name, type } of await own()) {
    if (type === 'counter') assert.match(name, /_total$/);
    // As OpenMetrics asks for a type of its own, `info`: prom-client has none, and Prometheus reads a gauge all the
    // same.
    else if (name !== 'nodejs_version_info') assert.doesNotMatch(name, suffixes, `${type} ${name}`);
  }
  const text = [...renderOpenMetrics(store.cut(), TRUE_VALUES, await own())].join('');
  const named = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
  assert.equal(new Set(named).size, named.length);
});

test('reading it for one format changes nothing in the other', async () => {
  const { store, own } = newRegistry();
  const names = async (render: typeof renderText) =>
    [...[...render(store.cut(), TRUE_VALUES, await own())].join('').matchAll(/^process_cpu\w*/gm)].map(
      ([name]) => name,
    );
  const expected = ['process_cpu_user_seconds_total', 'process_cpu_system_seconds_total', 'process_cpu_seconds_total'];
  for (const render of [renderText, renderOpenMetrics, renderText, renderOpenMetrics]) {
    assert.deepEqual(await names(render), expected);
  }
});

test('derives values at the moment of the question', async () => {
  const { store, registry } = newRegistry();
  store.beforeCollect(() => store.set('llm_requests_in_flight', { provider: 'p', model: 'm' }, 3));
  assert.equal((await readText(registry)).sum('llm_requests_in_flight'), 3);
});
