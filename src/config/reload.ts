import type { Log } from '../log.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { Config } from './schema.ts';

/** Settings that only a restart can change: sockets stay open and cells stay laid out as they are. */
const FIXED: readonly (readonly [setting: string, read: (config: Config) => unknown])[] = [
  ['proxy', ({ proxy }) => proxy !== undefined],
  ['proxy.listen_address', ({ proxy }) => proxy?.listen_address],
  ['proxy.timeouts', ({ proxy }) => proxy?.timeouts],
  ['web', ({ web }) => web],
  ['metrics', ({ metrics }) => metrics],
  ['limits.series', ({ limits }) => limits.series],
  ['stdin', ({ stdin }) => stdin],
];

export interface ReloadOptions {
  /** Reads the configuration anew; throws a ProblemError when it is wrong. */
  readonly load: () => Config;
  readonly log: Log;
  /** The configuration the exporter was started with. */
  readonly config: Config;
  /** Puts a valid configuration into force. */
  readonly apply: (config: Config) => void;
  readonly report: (success: boolean) => void;
}

/** Reloading: a configuration with problems changes nothing, and is seen in the log and a metric. */
export function createReload({ load, log, config, apply, report }: ReloadOptions): {
  readonly reload: () => readonly Problem[];
  /** The configuration in force. */
  readonly running: () => Config;
} {
  let running = config;

  function reload(): readonly Problem[] {
    const next = attempt(load);
    const problems = 'problems' in next ? next.problems : [];
    report(problems.length === 0);
    for (const { message, file, line, column } of problems) {
      log.error('configuration refused, the old one stays', { problem: message, file, line, column });
    }
    if ('problems' in next) return problems;
    for (const setting of needsRestart(running, next)) log.warn('a changed setting needs a restart', { setting });
    running = next;
    apply(next);
    log.info('configuration reloaded');
    return problems;
  }

  return { reload, running: () => running };
}

function attempt(load: () => Config): Config | ProblemError {
  try {
    return load();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

function needsRestart(running: Config, next: Config): readonly string[] {
  return FIXED.filter(([, read]) => JSON.stringify(read(running)) !== JSON.stringify(read(next))).map(([name]) => name);
}
