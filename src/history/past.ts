import type { Catalogue } from '../classify/catalogue.ts';
import { loadCatalogue } from '../classify/catalogue.ts';
import { loadConfig } from '../config/load.ts';
import { providerSettings } from '../config/providers.ts';
import type { Config } from '../config/schema.ts';
import type { RequestEvent } from '../event/request-event.ts';
import type { RecorderSettings } from '../metrics/record/recorder.ts';
import { ProblemError } from '../problem.ts';
import { loadRules } from '../rules/load-rules.ts';
import { findLogs, type GivenLines } from './read/log-files.ts';
import type { LogFile } from './read/log-reader.ts';
import { mergedEvents } from './read/merged-events.ts';
import { type Tally, type Total, totalOf } from './read/tally.ts';

export interface PastOptions extends GivenLines {
  /** Paths and patterns. */
  readonly files: readonly string[];
  /** How `serve` would be configured: providers, limits, rules, and the lines of logs that are named there. */
  readonly configFile?: string | undefined;
  readonly onProgress?: ((read: number, all: number) => void) | undefined;
  /** Aborted: reading ends with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Logs of the past, and everything by which the exporter would count them. */
export interface Past {
  readonly config: Config;
  readonly logs: readonly LogFile[];
  readonly catalogue: Catalogue;
  readonly settings: RecorderSettings;
  /** Once: all events in order of time. */
  events(): AsyncGenerator<readonly RequestEvent[]>;
  /** What became of the lines that were read so far. */
  total(): Total;
}

/** Finds the logs and reads nothing of them. Throws a ProblemError when there are none or the configuration is wrong. */
export async function openPast(options: PastOptions): Promise<Past> {
  const { configFile, files, onProgress, signal } = options;
  const config = loadConfig({ file: configFile, needsInput: false });
  const logs = await findLogs(files, options, config.logs);
  const named = withProvidersOf(config, logs);
  const { catalogue } = loadRules(named.classify.rules_file, loadCatalogue());
  const tallies: Tally[] = [];
  return {
    config: named,
    logs,
    catalogue,
    settings: { providers: providerSettings(named), modelLimit: named.limits.models },
    async *events() {
      for await (const batch of mergedEvents({ logs, tallies, onProgress })) {
        signal?.throwIfAborted();
        yield batch;
      }
    },
    total: () => totalOf(tallies),
  };
}

/** What is known of a provider is known of one that only the command line names, too. */
function withProvidersOf(config: Config, logs: readonly LogFile[]): Config {
  const unnamed = logs.map(({ lines }) => lines.provider).filter((name) => config.providers[name] === undefined);
  return {
    ...config,
    providers: { ...config.providers, ...Object.fromEntries(unnamed.map((name) => [name, { models: [] }])) },
  };
}

/** Throws a ProblemError when there was nothing to count. */
export function requireEvents({ events, filtered, lines }: Total): void {
  if (events > 0) return;
  const hint =
    filtered > 0
      ? `${filtered} of ${lines} lines are requests of other paths; with include: all in the configuration each is counted`
      : `none of ${lines} lines is a request; llm-exporter detect FILE tells how they are written`;
  throw new ProblemError([{ code: 'history.nothing', message: `no LLM request in these logs: ${hint}` }]);
}
