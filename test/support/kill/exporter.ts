import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { FIRST_MODELS } from '../log-writer-lines.ts';
import { tempDir } from '../temp-dir.ts';
import type { Watched } from './run.ts';
import { startScraper } from './scraper.ts';
import { createVictim, type Victim } from './victim.ts';

/** The exporter as a victim: it follows `log` from its first line on and keeps its state in `folder`. */
export function createExporterVictim({
  log,
  folder,
}: {
  readonly log: string;
  readonly folder: string;
}): Promise<Victim> {
  const config = join(folder, 'config.yml');
  const settings = {
    logs: [{ file: log, source: 'log', provider: 'p', format: 'nginx-json', start_at: 'beginning' }],
    providers: { p: { models: [...FIRST_MODELS] } },
    state: { dir: join(folder, 'state') },
    web: { listen_address: '127.0.0.1:0' },
  };
  writeFileSync(config, stringify(settings));
  return createVictim({
    name: 'llm-exporter',
    command: process.execPath,
    args: ['src/main.ts', 'serve', `--config.file=${config}`],
    port: /msg="metrics are served" address=http:\/\/127\.0\.0\.1:(\d+)/,
  });
}

/** Both formats are watched: a series must go on in each of them, and neither scraper may take an increase from the other. */
const FORMATS = ['openmetrics', 'text'] as const;

/** An exporter that lives, its log, and a pair of scrapers as replicas of one Prometheus are; all end with the test. */
export async function startWatchedExporter(
  t: TestContext,
  { scrapeEveryMs = 100 }: { readonly scrapeEveryMs?: number | undefined },
): Promise<Watched & { readonly log: string }> {
  const folder = await tempDir(t);
  const log = join(folder, 'logs', 'access.log');
  mkdirSync(join(folder, 'logs'));
  const victim = await createExporterVictim({ log, folder });
  const scrapers = FORMATS.map((format) =>
    startScraper({
      url: victim.front.url,
      name: `Prometheus/2.42.0 (${format})`,
      format,
      everyMs: scrapeEveryMs,
      watched: /^llm_/,
      counter: 'llm_requests_total',
    }),
  );
  t.after(async () => {
    for (const scraper of scrapers) await scraper.stop();
    await victim.close();
  });
  return { victim, scrapers, log };
}
