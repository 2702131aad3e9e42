import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom, seedFrom } from '../../../src/simulate/random.ts';
import { eventually } from '../eventually.ts';
import { runCli } from '../exporter.ts';
import { call } from './call.ts';
import { drawPlan, type Mood } from './plan.ts';
import { createTally, type Tally } from './tally.ts';
import { type Holdings, startWatchedExporter, type WatchedExporter } from './watched-exporter.ts';

export interface ChaosOptions extends Omit<Mood, 'models'> {
  /** Clients at once; each sends one request after the other. */
  readonly clients: number;
  readonly durationMs: number;
  /** Of the simulated API. */
  readonly tokensPerSecond: number;
  readonly reloadEveryMs: number;
  /** How long to wait for memory to come back. */
  readonly quietMs: number;
  readonly seed?: number;
}

const MODELS = ['m0', 'm1', 'm2', 'm3', 'm4'];
/** Whole answers that run into it are among the faults. */
const GATEWAY_TIMEOUT = '2s';
const SCRAPE_EVERY_MS = 1_000;
const MEMORY_EVERY_MS = 30_000;
/** All that is quiet is the load: timers of a second, TIME_WAIT and the like may still run. */
const SETTLE_MS = 30_000;
/** What memory may have grown by when the load is over: a share for what V8 keeps of its heap, and a base for all else. */
const MEMORY_SHARE = 1.5;
const MEMORY_MIB = 64;

/**
 * Clients against the exporter against the simulator, three processes, with every fault mixed, clients that leave at any moment, and
 * reloads all the while. A short warm-up comes first, so that what a program gets itself only once is not taken for a leak.
 */
export async function runChaos(t: TestContext, options: ChaosOptions): Promise<void> {
  const upstream = await startSimulate(t, options);
  const exporter = await startWatchedExporter(t, { upstream, models: MODELS });
  const tally = createTally();
  const warmUp = { ...options, durationMs: Math.min(options.durationMs / 4, 15_000) };
  await load(exporter, tally, warmUp);
  await settled(exporter, tally);
  const before = await quiet(exporter, options.quietMs);

  const looking = new AbortController();
  const loaded = load(exporter, tally, options).finally(() => looking.abort());
  const [{ peak, reloads, missed, rssMiB }] = await Promise.all([lookOn(exporter, options, looking.signal), loaded]);
  t.diagnostic(`${tally.summary()}; up to ${peak} seen in flight, ${reloads} reloads, ${missed} scrapes missed`);
  t.diagnostic(`resident while it ran: ${rssMiB.join(', ')} MiB`);
  await settled(exporter, tally);

  const after = await quiet(exporter, options.quietMs, before);
  t.diagnostic(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
  const { child, stderr } = exporter.process;
  assert.equal(child.exitCode, null, stderr());
  assert.doesNotMatch(stderr(), /level=error/);
}

async function startSimulate(t: TestContext, { tokensPerSecond }: ChaosOptions): Promise<string> {
  const run = runCli(t, [
    ...['simulate', '--listen-address=127.0.0.1:0', `--tokens-per-second=${tokensPerSecond}`],
    ...[`--gateway-timeout=${GATEWAY_TIMEOUT}`, '--latency=100ms'],
  ]);
  return eventually(() => {
    const address = /address=(\S+)\/v1/.exec(run.stderr())?.[1];
    assert.ok(address, run.stderr());
    return address;
  });
}

async function load({ process: { proxyUrl } }: WatchedExporter, tally: Tally, options: ChaosOptions): Promise<void> {
  const { clients, durationMs, seed = 1 } = options;
  const mood = { ...options, models: MODELS };
  const agent = new Agent({ keepAlive: true, maxFreeSockets: clients });
  const endMs = performance.now() + durationMs;
  const client = async (number: number): Promise<void> => {
    const random = createRandom(seedFrom(seed, durationMs, number));
    while (performance.now() < endMs) {
      const plan = drawPlan(random, mood);
      tally.add(plan, await call(proxyUrl, plan, agent));
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  agent.destroy();
}

/** Scrapes as a Prometheus does, and reloads, until it is told to stop. */
async function lookOn(exporter: WatchedExporter, { reloadEveryMs }: ChaosOptions, signal: AbortSignal) {
  const every = async (ms: number, task: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      await task();
      await wait(ms, undefined, { signal }).catch(() => undefined);
    }
  };
  let peak = 0;
  let reloads = 0;
  let missed = 0;
  const rssMiB: number[] = [];
  await Promise.all([
    every(MEMORY_EVERY_MS, async () => void rssMiB.push(Math.round(exporter.rssMiB()))),
    every(SCRAPE_EVERY_MS, async () => {
      const scrape = await exporter.look().catch((error: unknown) => {
        if (error instanceof assert.AssertionError) throw error;
        // Too late, or closed under it: three busy processes share the machine with whatever else runs.
        missed += 1;
        return undefined;
      });
      peak = Math.max(peak, scrape?.sum('llm_requests_in_flight') ?? 0);
    }),
    every(reloadEveryMs, async () => {
      reloads += 1;
      await exporter.reload();
    }),
  ]);
  return { peak, reloads, missed, rssMiB };
}

async function settled(exporter: WatchedExporter, tally: Tally): Promise<void> {
  await eventually(async () => tally.assertEqual(await exporter.look()), SETTLE_MS, 200);
}

/**
 * What the exporter holds when nothing happens; a reload has closed its idle connections to the upstream. With something to compare it
 * with, it must come down to that.
 */
async function quiet(exporter: WatchedExporter, quietMs: number, before?: Holdings): Promise<Holdings> {
  await exporter.reload();
  if (before === undefined) return eventually(() => atRest(exporter, quietMs));
  return eventually(
    async () => {
      const now = await exporter.holdings();
      assert.equal(now.descriptors, before.descriptors, 'open descriptors');
      assert.deepEqual(now.resources, before.resources);
      const bound = before.rssMiB * MEMORY_SHARE + MEMORY_MIB;
      assert.ok(now.rssMiB <= bound, `${now.rssMiB} MiB resident, ${before.rssMiB} at the start`);
      return now;
    },
    SETTLE_MS + quietMs,
    500,
  );
}

/** What it holds once nothing changes any more: what is still on its way out would be missed when it is compared with what comes later. */
async function atRest(exporter: WatchedExporter, quietMs: number): Promise<Holdings> {
  const first = await exporter.holdings();
  await wait(quietMs);
  const now = await exporter.holdings();
  assert.equal(now.resources.TCPSocketWrap, 1, 'a connection beside the one that asks');
  assert.deepEqual([now.descriptors, now.resources], [first.descriptors, first.resources]);
  return now;
}
