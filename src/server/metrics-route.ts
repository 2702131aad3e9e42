import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';
import type { Request, RequestHandler } from 'express';
import type { Clock } from '../clock.ts';
import { renderText } from '../metrics/exposition.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import { type Scrape, type Scrapers, TRUE_VALUES } from '../metrics/scrapers.ts';
import type { Store } from '../metrics/store.ts';

/** What `GET /metrics` needs. */
export interface MetricsRouteOptions {
  readonly store: Store;
  readonly registry: MetricsRegistry;
  readonly scrapers: Scrapers;
  readonly clock: Clock;
}

const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';
/** Prometheus, vmagent and Grafana Alloy send it with every scrape; people with curl do not. */
const SCRAPE_HEADER = 'X-Prometheus-Scrape-Timeout-Seconds';

/**
 * Answers a scrape piece by piece and lets the event loop turn between two of them, so that 100,000 series never hold
 * up the traffic. The scraper has seen a series only when the whole answer has left: Prometheus throws a part away.
 */
export function metricsRoute(options: MetricsRouteOptions): RequestHandler {
  return async (request, response) => {
    const gzip = request.acceptsEncodings('gzip', 'identity') === 'gzip';
    response.set({ 'Content-Type': TEXT_FORMAT, Vary: 'Accept-Encoding' });
    if (gzip) response.set('Content-Encoding', 'gzip');
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const scrape = beginScrape(request, options.scrapers);
    try {
      await send(Readable.from(render(options, scrape)), gzip, response);
      scrape.delivered();
    } catch (error) {
      // A scraper that left early is its own business, and nobody is there to be told.
      if (!isDisconnect(error)) throw error;
    }
  };
}

function beginScrape(request: Request, scrapers: Scrapers): Scrape {
  if (request.get(SCRAPE_HEADER) === undefined) return { view: TRUE_VALUES, delivered() {} };
  return scrapers.begin({
    address: request.socket.remoteAddress ?? '',
    userAgent: request.get('User-Agent') ?? '',
  });
}

const DISCONNECTS: readonly unknown[] = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE'];

function isDisconnect(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DISCONNECTS.includes(error.code);
}

async function* render({ store, registry, clock }: MetricsRouteOptions, scrape: Scrape): AsyncGenerator<string> {
  const startMs = clock.elapsedMs();
  for (const chunk of renderText(store.collect(), scrape.view)) {
    yield chunk;
    await nextTurn();
  }
  yield await registry.ownText();
  store.observe('llm_exporter_scrape_duration_seconds', {}, (clock.elapsedMs() - startMs) / 1000);
}

function send(text: Readable, gzip: boolean, response: Writable): Promise<void> {
  if (!gzip) return pipeline(text, response);
  // Measured on 7.5 MB: level 6 takes half as long again and saves 2 %.
  return pipeline(text, createGzip({ level: constants.Z_BEST_SPEED }), response);
}
