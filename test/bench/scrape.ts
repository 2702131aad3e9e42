import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../src/cli/terminal/layout.ts';
import { FILLS, type Fill, type Health, KINDS, type Kind } from './scrape/served.ts';

/**
 * What a scrape of 100,000 series (and of 5,000 histograms, which are 95,000 lines) costs: the time until the whole
 * answer has arrived and the longest pause of the exporter's event loop meanwhile, ours beside prom-client's, in both
 * formats; and how large our answer is after 1,000,000 requests that each named another model. Goal: under 60 ms,
 * without a pause over 20 ms (design, section 11). On a busy machine look at BEST and CPU.
 */
const ROUNDS = 15;
const FORMATS = {
  text: 'text/plain;version=0.0.4',
  OpenMetrics: 'application/openmetrics-text;version=1.0.0',
} as const;
const SCRAPER = { 'X-Prometheus-Scrape-Timeout-Seconds': '10', 'User-Agent': 'Prometheus/3.5.0' };
const WHAT: Readonly<Record<Fill, string>> = {
  counters: '100,000 counters',
  histograms: '5,000 histograms',
  names: '1,000,000 names',
};

const rows: string[][] = [];
for (const fill of FILLS) {
  for (const kind of KINDS) if (fill !== 'names' || kind === KINDS[0]) rows.push(...(await measure(kind, fill)));
}
const HEAD = [
  'SCRAPE',
  'OF',
  'FORMAT',
  'FIRST',
  'MEDIAN',
  'BEST',
  'CPU',
  'LONGEST PAUSE',
  'MEDIAN PAUSE',
  'ANSWER',
  'HEAP',
];
process.stdout.write(`${table([HEAD, ...rows], Number.POSITIVE_INFINITY)}\n\n`);

async function measure(kind: Kind, fill: Fill): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-bench-'));
  const served = fork('test/bench/scrape/served.ts', [kind, fill, folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const [port]: number[] = await once(served, 'message');
    const found: string[][] = [];
    for (const [format, accept] of Object.entries(FORMATS)) {
      const times: number[] = [];
      const pauses: number[] = [];
      const cpu: number[] = [];
      let bytes = 0;
      let heapMiB = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await ask(served);
        const startMs = performance.now();
        bytes = await scrape(port ?? 0, accept);
        times.push(performance.now() - startMs);
        const health = await ask(served);
        pauses.push(health.pauseMs);
        cpu.push(health.cpuMs);
        heapMiB = health.heapMiB;
      }
      const figures = [times[0] ?? Number.NaN, median(times), Math.min(...times), median(cpu), Math.max(...pauses)];
      const measured = [...figures, median(pauses)].map((ms) => `${ms.toFixed(1)} ms`);
      found.push([
        WHAT[fill],
        kind,
        format,
        ...measured,
        `${(bytes / 1e6).toFixed(2)} MB`,
        `${heapMiB.toFixed(0)} MiB`,
      ]);
    }
    return found;
  } finally {
    served.kill();
    await once(served, 'exit');
    await rm(folder, { recursive: true });
  }
}

async function ask(served: ReturnType<typeof fork>): Promise<Health> {
  const answer = once(served, 'message');
  served.send('health');
  const [health]: Health[] = await answer;
  return health ?? { pauseMs: Number.NaN, cpuMs: Number.NaN, heapMiB: Number.NaN };
}

async function scrape(port: number, accept: string): Promise<number> {
  const agent = new Agent();
  const headers = { ...SCRAPER, Accept: accept };
  const [answer]: IncomingMessage[] = await once(
    get({ host: '127.0.0.1', port, path: '/metrics', agent, headers }),
    'response',
  );
  let bytes = 0;
  for await (const chunk of answer ?? []) bytes += chunk.length;
  agent.destroy();
  return bytes;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
