import { setTimeout as wait } from 'node:timers/promises';
import type { Tally } from '../log-writer.ts';
import { readScrape, type ScrapedSeries } from './scraped.ts';

/** The exposition formats, by what Prometheus asks for. */
const ACCEPTS = {
  text: 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  openmetrics:
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5',
} as const;

export interface ScraperOptions {
  readonly url: string;
  /** Its User-Agent: an exporter may treat scrapers one by one. */
  readonly name: string;
  readonly format: keyof typeof ACCEPTS;
  readonly everyMs: number;
  /** Counters and histograms that are watched. */
  readonly watched: RegExp;
  /** The counter whose labels `model` and `code` are summed. */
  readonly counter: string;
}

/**
 * Scrapes as Prometheus does, and remembers every value of every series. What Prometheus makes of them is `increase`: per series the
 * differences between each sample and the one before, where one that is lower than the one before is a restart from 0, and where the first
 * sample is nothing but a beginning (promql/functions.go, extrapolatedRate, without its extrapolation).
 */
export interface Scraper {
  /** Counters that went down, and births that moved: to Prometheus each is a restart from 0. */
  readonly resets: readonly string[];
  /** Series that were there and are no longer. */
  readonly vanished: readonly string[];
  /** Answers that were whole. */
  readonly scrapes: number;
  /** What came of the last attempts, for a failure. */
  readonly lately: readonly string[];
  /** Sum of the counter in the last whole answer, by model and code. */
  readonly counted: Tally;
  /** The same of `increase` since the beginning. */
  readonly increased: Tally;
  /** Sum over a family in the last whole answer. */
  sum(name: string): number;
  /** Resolves with the next whole answer. */
  nextAnswer(): Promise<void>;
  stop(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const ATTEMPTS_TOLD = 5;

export function startScraper(options: ScraperOptions): Scraper {
  const memory = createMemory(options);
  let waiting: (() => void)[] = [];
  const lately: string[] = [];
  const stopped = new AbortController();

  async function scrape(): Promise<void> {
    const startMs = performance.now();
    const answer = await ask(options, stopped.signal);
    const outcome = 'text' in answer ? `${answer.text.length} characters` : answer.trouble;
    lately.push(`${outcome} after ${Math.round(performance.now() - startMs)} ms`);
    lately.splice(0, lately.length - ATTEMPTS_TOLD);
    if (!('text' in answer)) return;
    memory.take(readScrape(answer.text));
    for (const resolve of waiting.splice(0)) resolve();
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      await scrape();
      await wait(options.everyMs);
    }
  }

  const running = run();
  return {
    ...memory.seen,
    lately,
    get scrapes() {
      return memory.scrapes();
    },
    sum: memory.sum,
    nextAnswer: () => new Promise((resolve) => waiting.push(resolve)),
    async stop() {
      waiting = [];
      stopped.abort();
      await running;
    },
  };
}

type Answer = { readonly text: string } | { readonly trouble: string };

/** A program that is dead, or dies over its answer, is trouble: the next attempt may succeed, and whoever waits for it has a deadline. */
async function ask({ url, name, format }: ScraperOptions, signal: AbortSignal): Promise<Answer> {
  const headers = {
    accept: ACCEPTS[format],
    'user-agent': name,
    'x-prometheus-scrape-timeout-seconds': String(TIMEOUT_MS / 1000),
  };
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(`${url}/metrics`, { headers, signal: either });
    const text = await response.text();
    const isOpenMetrics = response.headers.get('content-type')?.startsWith('application/openmetrics-text') === true;
    if (!response.ok) return { trouble: `status ${response.status}` };
    return isOpenMetrics && !text.endsWith('# EOF\n') ? { trouble: 'no # EOF' } : { text };
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    return { trouble: cause instanceof Error ? `${message}: ${cause.message}` : message };
  }
}

interface Remembered {
  value: number;
  lastScrape: number;
}

function createMemory({ watched, counter }: ScraperOptions) {
  const series = new Map<string, Remembered>();
  const resets: string[] = [];
  const vanished: string[] = [];
  const counted = new Map<string, number>();
  const increased = new Map<string, number>();
  let last: readonly ScrapedSeries[] = [];
  let scrapes = 0;

  function remember({ key, value, isCreated }: ScrapedSeries): number {
    const known = series.get(key);
    series.set(key, { value, lastScrape: scrapes });
    if (known === undefined) return 0;
    if (isCreated ? value !== known.value : value < known.value) resets.push(`${key}: ${known.value}, then ${value}`);
    return value < known.value ? value : value - known.value;
  }

  function take(all: readonly ScrapedSeries[]): void {
    scrapes += 1;
    last = all;
    counted.clear();
    for (const one of all) {
      if (!watched.test(one.name)) continue;
      const increase = remember(one);
      if (one.name !== counter) continue;
      const model = `${one.labels.get('model')} ${one.labels.get('code')}`;
      counted.set(model, (counted.get(model) ?? 0) + one.value);
      increased.set(model, (increased.get(model) ?? 0) + increase);
    }
    for (const [key, { lastScrape, value }] of series) {
      // Told once for each time it vanishes.
      if (lastScrape === scrapes - 1) vanished.push(`${key}: was ${value}`);
    }
  }

  const sum = (name: string) => last.reduce((total, one) => (one.name === name ? total + one.value : total), 0);
  return { take, sum, scrapes: () => scrapes, seen: { resets, vanished, counted, increased } };
}
