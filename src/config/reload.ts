import type { Log } from '../log.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { Config, ProxyConfig } from './schema.ts';

/** Settings that only a restart can change: sockets stay open and cells stay laid out as they are. */
const FIXED: readonly (readonly [setting: string, read: (config: Config) => unknown])[] = [
  ['proxy', ({ proxy }) => proxy !== undefined],
  ['proxy.listen_address', ({ proxy }) => proxy?.listen_address],
  ['proxy.tls', ({ proxy }) => proxy?.tls !== undefined],
  ['proxy.workers', ({ proxy }) => proxy?.workers],
  ['proxy.timeouts', ({ proxy }) => proxy?.timeouts],
  ['web', ({ web }) => web],
  ['metrics', ({ metrics }) => metrics],
  ['limits.series', ({ limits }) => limits.series],
  ['stdin', ({ stdin }) => stdin],
  ['state', ({ state }) => state],
];

/** A new configuration as far as it can be in force: the fixed settings stay as they were started. */
function inForce(started: Config, next: Config): Config {
  const { proxy, web, metrics, stdin, state, limits } = started;
  return {
    ...next,
    web,
    metrics,
    stdin,
    state,
    limits: { ...next.limits, series: limits.series },
    proxy: proxy && proxyInForce(proxy, next.proxy ?? proxy),
  };
}

/** Certificates can be exchanged; whether there are any cannot. */
function proxyInForce({ listen_address, timeouts, workers, tls }: ProxyConfig, next: ProxyConfig): ProxyConfig {
  const certificates = (tls === undefined) === (next.tls === undefined) ? next.tls : tls;
  return { ...next, listen_address, timeouts, workers, tls: certificates };
}

/** A configuration, and whatever else is read with it. */
interface Configured {
  readonly config: Config;
}

export interface ReloadOptions<S extends Configured> {
  /** Reads everything anew; throws a ProblemError when something in it is wrong. */
  readonly load: () => S;
  readonly log: Log;
  /** What the exporter was started with. */
  readonly settings: S;
  /** Puts valid settings into force. */
  readonly apply: (settings: S) => void;
  readonly report: (success: boolean) => void;
}

/** Reloading: a configuration with problems changes nothing, and is seen in the log and a metric. */
export function createReload<S extends Configured>({
  load,
  log,
  settings,
  apply,
  report,
}: ReloadOptions<S>): {
  readonly reload: () => readonly Problem[];
  /** The settings in force. */
  readonly running: () => S;
} {
  let running = settings;

  function reload(): readonly Problem[] {
    const next = attempt(load);
    const problems = 'problems' in next ? next.problems : [];
    report(problems.length === 0);
    for (const { message, file, line, column } of problems) {
      log.error('configuration refused, the old one stays', { problem: message, file, line, column });
    }
    if ('problems' in next) return problems;
    for (const setting of needsRestart(settings.config, next.config)) {
      log.warn('a changed setting needs a restart', { setting });
    }
    running = { ...next, config: inForce(settings.config, next.config) };
    apply(running);
    log.info('configuration reloaded');
    return problems;
  }

  return { reload, running: () => running };
}

function attempt<S>(load: () => S): S | { readonly problems: readonly Problem[] } {
  try {
    return load();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

function needsRestart(started: Config, next: Config): readonly string[] {
  return FIXED.filter(([, read]) => JSON.stringify(read(started)) !== JSON.stringify(read(next))).map(([name]) => name);
}
