import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CAUSES, type Cause } from '../../src/classify/causes.ts';
import { eventually } from '../support/eventually.ts';
import { startHere } from '../support/exporter-here.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { scrape } from '../support/scrape.ts';
import { startSimulator } from '../support/simulator.ts';

const GATEWAY_TIMEOUT_SECONDS = 60;
/** More than the simulator waits between the last token of a stream and its end. */
const CUT_MS = 100;

interface Form {
  readonly name: string;
  readonly stream: boolean;
  /** What the fault says beside its cause. */
  readonly more: string;
  /** Causes that do not show as themselves in this form, and as what they show. */
  readonly otherwise: Partial<Record<Cause, Cause>>;
}

const forms: readonly Form[] = [
  {
    name: 'a whole answer',
    stream: false,
    more: '',
    // Half an answer that announced its length is no stream.
    otherwise: { stream_interrupted: 'upstream_bad_response' },
  },
  {
    name: 'a stream',
    stream: true,
    more: '',
    // Streaming is the cure: the first bytes arrive in time.
    otherwise: { gateway_timeout_long_generation: 'none' },
  },
  {
    name: 'a stream that has begun',
    stream: true,
    more: ',afterTokens=2',
    // Whoever blocks or fails to route a request does so before it begins: these pages are no errors of a stream.
    otherwise: {
      gateway_timeout_long_generation: 'none',
      blocked_by_waf: 'internal_error',
      unclassified: 'internal_error',
    },
  },
];

for (const form of forms) {
  test(`the exporter names the cause that is simulated in ${form.name}`, async (t) => {
    const { exporter, simulator, clock } = await startChain(t);
    const impatience = new AbortController();
    const running = new Set<Cause>(CAUSES);
    const asked = CAUSES.map(async (cause) => {
      const signal = cause === 'client_aborted' ? impatience.signal : null;
      await ask(exporter.proxyUrl, cause, { form, signal });
      running.delete(cause);
    });
    await eventually(() => assert.equal(simulator.requests(), CAUSES.length));
    clock.advance(GATEWAY_TIMEOUT_SECONDS * 1000);
    // These two wait for something else.
    const late: ReadonlySet<Cause> = new Set(['client_aborted', 'stream_interrupted']);
    await eventually(() => assert.ok([...running].every((cause) => late.has(cause))));
    impatience.abort();
    await eventually(() => {
      clock.advance(CUT_MS);
      assert.deepEqual(running, new Set());
    });
    await Promise.all(asked);
    const expected = Object.fromEntries(CAUSES.map((cause) => [`${cause} ${form.otherwise[cause] ?? cause}`, 1]));
    await eventually(async () => {
      const seen = (await scrape(exporter.webUrl)).by('llm_requests_total', ['model', 'cause']);
      assert.deepEqual(sorted(seen), sorted(expected));
    });
    assert.equal((await scrape(exporter.webUrl)).sum('llm_requests_in_flight'), 0);
  });
}

/**
 * Each cause asks for a model of its own name, so that it is seen which request was counted as what. Both sides go by one clock that the
 * test moves: whether an answer came at the gateway's timeout does not depend on how busy the machine is.
 */
async function startChain(t: TestContext) {
  const clock = createManualClock(Date.now());
  const simulator = await startSimulator(t, { gatewayTimeoutMs: GATEWAY_TIMEOUT_SECONDS * 1000, clock });
  const provider = { gateway_timeout: `${GATEWAY_TIMEOUT_SECONDS}s`, models: CAUSES };
  const config = {
    proxy: { upstream: simulator.url, provider: 'simulated', listen_address: '127.0.0.1:0' },
    providers: { simulated: provider },
    metrics: { birth: 'immediate' },
  };
  return { simulator, clock, exporter: await startHere(t, config, clock) };
}

interface Asking {
  readonly form: Form;
  readonly signal: AbortSignal | null;
}

async function ask(proxyUrl: string, cause: Cause, { form, signal }: Asking): Promise<void> {
  const key = cause === 'auth_missing_key' ? {} : { authorization: 'Bearer k' };
  try {
    const response = await fetch(`${proxyUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-simulate-cause': cause + form.more, ...key },
      body: JSON.stringify({ model: cause, stream: form.stream }),
      signal,
    });
    await response.arrayBuffer();
  } catch {
    // A broken connection is the answer of some causes; what the exporter made of it is looked at below.
  }
}

function sorted(counts: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(counts).sort(([a], [b]) => a.localeCompare(b));
}
