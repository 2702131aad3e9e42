import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startHttpProgram } from '../../../src/demo/program/http-program.ts';
import { costOf, type ProcessCost } from './process-cost.ts';

export interface ExporterRun extends ProcessCost {
  /** Requests counted, by `model code`. */
  readonly requests: ReadonlyMap<string, number>;
}

/** A scrape takes time of its own, so the log is not asked for often. */
const LOOK_MS = 500;
const DEADLINE_MS = 300_000;

/** Lets `serve` follow a log from its beginning until all lines are counted. `settings` are those of the log. */
export async function runExporter(
  log: { readonly path: string; readonly lines: number },
  settings: Readonly<Record<string, string>>,
  folder: string,
): Promise<ExporterRun> {
  const config = join(folder, 'config.json');
  const program = await startHttpProgram({
    name: 'llm-exporter',
    command: process.execPath,
    readyPath: '/metrics',
    args: async (port) => {
      const web = { listen_address: `127.0.0.1:${port}` };
      const logs = [{ file: log.path, start_at: 'beginning', ...settings }];
      // YAML takes JSON.
      await writeFile(config, JSON.stringify({ web, logs, state: { sync: 'off' } }));
      return ['src/main.ts', 'serve', `--config.file=${config}`, '--log.level=error'];
    },
  });
  try {
    const end = Date.now() + DEADLINE_MS;
    for (;;) {
      const metrics = await (await fetch(`${program.url}/metrics`)).text();
      const lines = Number(/^llm_exporter_source_lines_total\{[^}]*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
      if (lines >= log.lines) return { ...costOf(program.pid ?? 0), requests: readRequests(metrics) };
      if (Date.now() > end) throw new Error(`${lines} of ${log.lines} lines read`);
      await pause(LOOK_MS);
    }
  } finally {
    await program.stop();
  }
}

function readRequests(metrics: string): ReadonlyMap<string, number> {
  const requests = new Map<string, number>();
  for (const [, labels = '', value] of metrics.matchAll(/^llm_requests_total\{([^}]*)\} (\d+)$/gm)) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (value === '0') continue;
    const key = `${label('model')} ${label('code')}`;
    requests.set(key, (requests.get(key) ?? 0) + Number(value));
  }
  return requests;
}
