import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../eventually.ts';
import { LogWriter } from '../log-writer.ts';
import { createLogArchive, type Naming } from '../log-writer-archive.ts';
import { startWatchedExporter } from './exporter.ts';
import { runScript, type Watched } from './run.ts';
import { createScript } from './script.ts';
import { assertAllSeen, assertCounted, assertHonest } from './verdict.ts';

export interface TrialOptions {
  readonly seed: number;
  /** Each ends with a SIGKILL but the last, which ends in good order. */
  readonly lives: number;
  readonly naming: Naming;
  /** Probes at the head of every file, the same byte for byte. */
  readonly probes?: number;
  /** logrotate's `create`. */
  readonly creates?: boolean;
  /** Writers go on while a copy with truncation runs. */
  readonly busyCopies?: boolean;
  readonly scrapeEveryMs?: number;
  /** Called with the address to scrape, while the exporter lives and before anything is written. */
  readonly beforeWriting?: (url: string) => Promise<void>;
  /** Called at the end, while the exporter lives and has counted everything. */
  readonly afterwards?: (writer: LogWriter) => Promise<void>;
}

/** Rotated files that are kept. */
const KEEP = 16;
const DEADLINE_MS = 120_000;
/** What happened last, for a failure. */
const EVENTS_TOLD = 80;
const OUTPUT_TOLD = 6000;

/**
 * The kill test. An exporter reads a log from its first line on, is killed and started again by a script, and is scraped all the while by
 * two that share its values, as a pair of Prometheus replicas does. At the end, and whenever the script lets it settle, what it counts is
 * exactly what was written, by model and code; no scraper has seen a counter go down or a series vanish, and the increases that each of
 * them saw add up to all lines.
 */
export async function runTrial(t: TestContext, options: TrialOptions): Promise<void> {
  const events: string[] = [];
  const exporter = await startWatchedExporter(t, options);
  try {
    const writer = await play(t, { ...options, exporter, tell: (what) => events.push(what) });
    const { bytes, lines, unknowable } = writer;
    const scrapes = exporter.scrapers.map((scraper) => scraper.scrapes).join(' and ');
    const doubt = [...unknowable.values()].reduce((total, count) => total + count, 0);
    t.diagnostic(
      `seed ${options.seed}: ${options.lives} kills, ${lines} lines, ${bytes} bytes, ${doubt} unknowable, ${scrapes} scrapes`,
    );
  } catch (error) {
    const files = readdirSync(dirname(exporter.log)).join(' ');
    const story = [
      error instanceof Error ? error.message : String(error),
      `seed ${options.seed}, ${options.lives} lives, ${options.naming}; files: ${files}`,
      ...events.slice(-EVENTS_TOLD),
      ...exporter.scrapers.map(({ scrapes, lately }) => `${scrapes} scrapes, lately ${lately.join(', ')}`),
      exporter.victim.output().slice(-OUTPUT_TOLD),
    ];
    throw new Error(story.join('\n'), { cause: error });
  }
}

interface Play extends TrialOptions {
  readonly exporter: Watched & { readonly log: string };
  readonly tell: (what: string) => void;
}

async function play(t: TestContext, { exporter, tell, ...options }: Play): Promise<LogWriter> {
  const { victim, scrapers, log } = exporter;
  await firstLife(exporter, options);
  const archive = createLogArchive(log, { naming: options.naming, keep: KEEP });
  const writer = new LogWriter({ path: log, archive, probes: options.probes ?? 0, creates: options.creates === true });
  t.after(() => writer.close());

  let settledAt = 0;
  const check = () => {
    for (const scraper of scrapers) assertHonest(scraper, writer);
  };
  const settle = async () => {
    await eventually(() => {
      check();
      for (const { counted } of scrapers) assertCounted(counted, writer, settledAt);
    }, DEADLINE_MS);
    settledAt = writer.lines;
    tell(`  settled at ${settledAt} lines`);
  };
  const rounds = createScript({ ...options, rounds: options.lives, keep: KEEP });
  await runScript({ rounds, writer, programs: [exporter], settle, check, tell });

  // Lines are read in their order, so when this one is counted all that were to be counted, or to be counted twice, have been.
  writer.finish();
  writer.append(1);
  await settle();
  await victim.end('SIGTERM');
  tell('stopped in good order');
  assert.ok(await victim.start(), victim.output());
  await Promise.all(scrapers.map((scraper) => scraper.nextAnswer()));
  await settle();
  for (const scraper of scrapers) assertAllSeen(scraper, writer);
  await options.afterwards?.(writer);
  return writer;
}

/** Nobody's first sample may hold more than 0: what was counted before a scraper came is no increase to it. */
async function firstLife({ victim, scrapers }: Watched, { beforeWriting }: TrialOptions): Promise<void> {
  assert.ok(await victim.start(), victim.output());
  await eventually(
    () =>
      assert.ok(
        scrapers.every(({ scrapes }) => scrapes > 0),
        victim.output(),
      ),
    DEADLINE_MS,
  );
  await beforeWriting?.(victim.front.url);
  await victim.end('SIGKILL');
}
