import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CAUSES, type Cause } from '../../src/classify/causes.ts';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { startSimulator } from '../support/simulator.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Long enough that a busy machine does not blur whether an answer came at this time. */
const GATEWAY_TIMEOUT_SECONDS = 8;

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
    const { exporter, simulator } = await startChain(t);
    const impatience = new AbortController();
    const asked = CAUSES.map((cause) => {
      const signal = cause === 'client_aborted' ? impatience.signal : null;
      return ask(exporter.proxyUrl, cause, { form, signal });
    });
    await eventually(() => assert.equal(simulator.requests(), CAUSES.length));
    impatience.abort();
    await Promise.all(asked);
    const expected = Object.fromEntries(CAUSES.map((cause) => [`${cause} ${form.otherwise[cause] ?? cause}`, 1]));
    await eventually(async () => {
      const seen = (await exporter.scrape()).by('llm_requests_total', ['model', 'cause']);
      assert.deepEqual(sorted(seen), sorted(expected));
    });
    assert.equal((await exporter.scrape()).sum('llm_requests_in_flight'), 0);
  });
}

/** Each cause asks for a model of its own name, so that it is seen which request was counted as what. */
async function startChain(t: TestContext) {
  const simulator = await startSimulator(t, { gatewayTimeoutMs: GATEWAY_TIMEOUT_SECONDS * 1000 });
  const configFile = join(await tempDir(t), 'config.yml');
  const provider = { gateway_timeout: `${GATEWAY_TIMEOUT_SECONDS}s`, models: CAUSES };
  await writeFile(
    configFile,
    JSON.stringify({
      proxy: { upstream: simulator.url, provider: 'simulated' },
      providers: { simulated: provider },
      metrics: { birth: 'immediate' },
    }),
  );
  return { simulator, exporter: await startExporter(t, [`--config.file=${configFile}`]) };
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
