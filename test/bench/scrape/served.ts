import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Histogram, Registry } from 'prom-client';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { systemClock } from '../../../src/clock.ts';
import type { RequestEvent } from '../../../src/event/request-event.ts';
import { createLog } from '../../../src/log.ts';
import { families } from '../../../src/metrics/families.ts';
import { createRecorder } from '../../../src/metrics/record/recorder.ts';
import { createScrapers } from '../../../src/metrics/scrapers.ts';
import { createStore } from '../../../src/metrics/store.ts';
import { createWebServer } from '../../../src/server/server.ts';
import { openState } from '../../../src/state/open-state.ts';

/**
 * A process that is scraped: `KIND FILL FOLDER`. Tells its port to its parent, and then, whenever it is asked, the
 * longest time that its event loop stood still and the processor time it took since it was last asked, and its memory.
 */
export const KINDS = ['llm-exporter', 'llm-exporter, durable', 'prom-client'] as const;
export type Kind = (typeof KINDS)[number];

export const FILLS = ['counters', 'histograms', 'names'] as const;
export type Fill = (typeof FILLS)[number];

/** What a served process says of itself. */
export interface Health {
  readonly pauseMs: number;
  /** Processor time since it was last asked. */
  readonly cpuMs: number;
  readonly heapMiB: number;
}

const COUNTERS = 100_000;
const HISTOGRAMS = 5_000;
const NAMES = 1_000_000;
const OPEN_METRICS = /openmetrics/;
/** Of the timer that measures the delay. */
const RESOLUTION_MS = 1;

if (import.meta.main) await serve();

async function serve(): Promise<void> {
  const [kind = '', fill = '', folder = ''] = process.argv.slice(2);
  const port =
    kind === 'prom-client'
      ? await servePromClient(fill)
      : await serveOurs(fill, kind === KINDS[1] ? folder : undefined);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let before = process.cpuUsage();
  process.on('message', () => {
    const used = process.cpuUsage(before);
    before = process.cpuUsage();
    const health: Health = {
      pauseMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
      cpuMs: (used.user + used.system) / 1000,
      heapMiB: process.memoryUsage().heapUsed / 2 ** 20,
    };
    delay.reset();
    process.send?.(health);
  });
  process.send?.(port);
}

async function serveOurs(fill: string, folder: string | undefined): Promise<number> {
  const clock = systemClock;
  const log = createLog({ write: () => {} });
  const store = createStore({ clock, limits: { series: COUNTERS } });
  const catalogue = loadCatalogue();
  const state =
    folder === undefined
      ? undefined
      : await openState({ dir: folder, sync: 'scrape', intervalMs: 5_000, store, clock, log });
  const recorder = createRecorder({ store, catalogue, clock, settings: { providers: {}, modelLimit: 200 } });
  if (fill === 'counters') for (const labels of counterLabels()) store.add('llm_requests_total', labels, 1);
  if (fill === 'histograms') for (const labels of timings()) store.observe('llm_request_duration_seconds', labels, 1);
  if (fill === 'names') sendNames(recorder.source('access.log').event);
  const scrapers = createScrapers({ clock, births: store.births });
  state?.begin({ scrapers });
  const build = { version: '0', revision: '', nodeVersion: process.version };
  const web = createWebServer({
    ...{ store, recorder, catalogue, clock, log, build, scrapers, cut: state?.commit },
    isReady: () => true,
    inputs: () => [],
  });
  return (await web.listen({ host: '127.0.0.1', port: 0 })).port;
}

async function servePromClient(fill: string): Promise<number> {
  const text = new Registry();
  // One registry for each format: switched to OpenMetrics once, a registry would rename its counters for good.
  const openMetrics = new Registry();
  // Safe: the method takes either; its type knows only the one that the registry has by default.
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as unknown as typeof Registry.PROMETHEUS_CONTENT_TYPE);
  const registers = [text, openMetrics];
  const head = { name: 'x', help: 'x', registers };
  if (fill === 'histograms') {
    const { labels, buckets } = families.llm_request_duration_seconds;
    const histogram = new Histogram({ ...head, labelNames: labels, buckets: [...buckets] });
    for (const each of timings()) histogram.observe(each, 1);
  } else {
    const counter = new Counter({ ...head, labelNames: families.llm_requests_total.labels });
    for (const each of counterLabels()) counter.inc(each);
  }
  const server = createServer(async (request, response) => {
    const registry = OPEN_METRICS.test(request.headers.accept ?? '') ? openMetrics : text;
    response.setHeader('Content-Type', registry.contentType).end(await registry.metrics());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function* counterLabels() {
  for (let index = 0; index < COUNTERS; index += 1) {
    const model = `deepseek/deepseek-model-${index % 1000}`;
    yield { provider: 'novita', model, code: String(200 + Math.floor(index / 1000)), cause: 'none', stream: 'true' };
  }
}

function* timings() {
  for (let index = 0; index < HISTOGRAMS; index += 1) {
    yield { provider: 'novita', model: `deepseek/deepseek-model-${index}`, stream: 'true', outcome: 'success' };
  }
}

/** A client that makes up a name for each request, half of which even succeed. */
function sendNames(send: (event: RequestEvent) => void): void {
  for (let index = 0; index < NAMES; index += 1) {
    const model = `${Math.random().toString(36).slice(2)}-${index}`;
    const code = index % 2 === 0 ? 200 : 404;
    send({ timeMs: Date.now(), provider: 'novita', model, stream: false, code, durationSeconds: 1, final: true });
  }
}
