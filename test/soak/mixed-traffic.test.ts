import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAUSES, type Cause } from '../../src/classify/causes.ts';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { startSimulator } from '../support/simulator.ts';

const SOAK_MS = 120_000;
const CONCURRENCY = 100;
/** How the simulated API answers is drawn from these; those left out take longer than they are worth here. */
const SLOW: readonly Cause[] = ['gateway_timeout_long_generation', 'upstream_timeout', 'client_aborted'];
const FAULTS = CAUSES.filter((cause) => !SLOW.includes(cause));

/** A client's own record of one call: the code it saw, or that it left. */
type Seen = number | 'left' | 'broken';

async function call(url: string, round: number): Promise<Seen> {
  const stream = round % 2 === 0;
  const leaves = stream && round % 10 === 0;
  const cause = leaves || round % 3 === 0 ? 'none' : (FAULTS[round % FAULTS.length] ?? 'none');
  const abort = new AbortController();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer k', 'x-simulate-cause': cause },
    body: JSON.stringify({
      model: `m${round % 5}`,
      stream,
      messages: [{ role: 'user', content: 'x'.repeat(round % 5000) }],
    }),
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(30_000)]),
  });
  if (!leaves)
    return response.text().then(
      () => response.status,
      () => response.status,
    );
  for await (const _chunk of response.body ?? []) abort.abort();
  return 'left';
}

test('minutes of mixed traffic are counted exactly as the clients saw them', async (t) => {
  const simulator = await startSimulator(t, { tokensPerSecond: 500 });
  const exporter = await startExporter(t, [`--upstream=${simulator.url}`, '--provider=p']);
  const seen = new Map<string, number>();
  const endMs = performance.now() + SOAK_MS;
  let round = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      round += 1;
      const outcome = await call(exporter.proxyUrl, round).catch((): Seen => 'left');
      const code = outcome === 'left' ? '499' : String(outcome);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  t.diagnostic(`${round} requests: ${JSON.stringify(Object.fromEntries(seen))}`);
  await eventually(async () => {
    const scrape = await exporter.scrape();
    const counted = scrape.by('llm_requests_total', ['code']);
    assert.deepEqual(withLeaversAsServed(counted), withLeaversAsServed(Object.fromEntries(seen)));
    assert.ok((counted['499'] ?? 0) > 0);
    assert.ok((counted['499'] ?? 0) <= (seen.get('499') ?? 0));
    assert.equal(scrape.sum('llm_requests_in_flight'), 0);
  }, 30_000);
  assert.equal(exporter.child.exitCode, null, exporter.stderr());
});

/** A client that leaves at the first chunk may find the whole stream delivered already: then it was a 200. */
function withLeaversAsServed({ 499: left = 0, 200: served = 0, ...others }: Readonly<Record<string, number>>) {
  return { ...others, served: left + served };
}
