import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { type RunningApp, startApp } from '../app.ts';
import { readBuildInfo } from '../build-info.ts';
import { loadConfig, type Override } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { LINE_FORMATS } from '../config/schema-lines.ts';
import { addressUrl } from '../config/units.ts';
import { createLog, LOG_FORMATS, LOG_LEVELS, type Log, type LogFormat, type LogLevel } from '../log.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { CliContext } from './context.ts';
import { stopSignal } from './stop-signal.ts';

/** Flags as commander hands them over: without the dashes in front, and in camel case where there are others. */
interface ServeFlags {
  readonly 'config.file'?: string;
  readonly upstream?: string;
  readonly provider?: string;
  readonly file: readonly string[];
  readonly format?: string;
  readonly stdin?: true;
  readonly 'proxy.listenAddress'?: string;
  readonly 'web.listenAddress'?: string;
  readonly 'web.enableLifecycle'?: true;
  readonly 'rules.file'?: string;
  readonly 'state.dir'?: string;
  readonly 'state.sync'?: string;
  readonly 'log.level': LogLevel;
  readonly 'log.format': LogFormat;
}

const EXAMPLE = `
Examples:
  llm-exporter serve --upstream https://api.novita.ai
  llm-exporter serve --file /var/log/nginx/llm.json --provider novita
  llm-exporter serve --config.file /etc/llm-exporter/config.yml

SIGHUP reloads the configuration and the rules. SIGTERM or SIGINT lets running requests finish; a second one stops at once.`;

/** `serve`: runs the sidecar until a signal ends it. */
export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('run the exporter: proxy an LLM API, follow request logs, or both, and expose metrics')
    .option('--config.file <path>', 'YAML configuration; flags override it')
    .option('--upstream <url>', 'proxy to this API, such as https://api.novita.ai')
    .option('--provider <name>', 'value of the provider label; by default from the host of the upstream')
    .option(
      '--file <path>',
      'follow this request log; may be repeated',
      (path: string, all: string[]) => [...all, path],
      [],
    )
    .addOption(new Option('--format <name>', 'format of --file and --stdin').choices(LINE_FORMATS))
    .option('--stdin', 'read request lines from standard input')
    .option('--proxy.listen-address <address>', 'where clients connect (default 127.0.0.1:8503)')
    .option('--web.listen-address <address>', 'where /metrics and the status page are served (default :9503)')
    .option('--web.enable-lifecycle', 'allow POST /-/reload')
    .option('--rules.file <path>', 'YAML file with rules of your own for the cause of a failure')
    .option('--state.dir <path>', 'where counters and read positions outlive a restart (default ./data)')
    .option('--state.sync <when>', 'when they are written: scrape, interval or off (default scrape)')
    .addOption(new Option('--log.level <level>', 'least severe log line to print').choices(LOG_LEVELS).default('info'))
    .addOption(new Option('--log.format <format>', 'how log lines are written').choices(LOG_FORMATS).default('logfmt'))
    .addHelpText('after', EXAMPLE)
    .action((flags: ServeFlags) => serve(flags, context));
}

async function serve(flags: ServeFlags, context: CliContext): Promise<void> {
  const log = createLog({ level: flags['log.level'], format: flags['log.format'] });
  const load = (): Config => loadConfig({ file: flags['config.file'], overrides: overridesOf(flags) });
  const app = await startApp({
    load,
    clock: context.clock,
    log,
    build: readBuildInfo(context.env),
    stdin: context.stdin,
  });
  announce(app, log);
  await untilStopped(app, context, log);
}

/** Flags as settings of the file they override; `--provider` and `--format` speak of every input given by a flag. */
function overridesOf(flags: ServeFlags): Override[] {
  const { upstream, provider, format, stdin, 'rules.file': rulesFile } = flags;
  const lines = { ...(provider && { provider }), ...(format && { format }) };
  const logs = flags.file.map((file) => ({ file, ...lines }));
  if (upstream === undefined && stdin === undefined && logs.length === 0) requireNoInputFlags({ provider, format });
  const overrides: Override[] = [
    { flag: '--upstream', path: ['proxy', 'upstream'], value: upstream },
    { flag: '--provider', path: ['proxy', 'provider'], value: upstream && provider },
    { flag: '--file', path: ['logs'], value: logs.length > 0 ? logs : undefined },
    { flag: '--stdin', path: ['stdin'], value: stdin && lines },
    { flag: '--proxy.listen-address', path: ['proxy', 'listen_address'], value: flags['proxy.listenAddress'] },
    { flag: '--web.listen-address', path: ['web', 'listen_address'], value: flags['web.listenAddress'] },
    { flag: '--web.enable-lifecycle', path: ['web', 'enable_lifecycle'], value: flags['web.enableLifecycle'] },
    // A path on the command line starts where the command is run, one in the file starts at the file.
    { flag: '--rules.file', path: ['classify', 'rules_file'], value: rulesFile && resolve(rulesFile) },
    { flag: '--state.dir', path: ['state', 'dir'], value: flags['state.dir'] },
    { flag: '--state.sync', path: ['state', 'sync'], value: flags['state.sync'] },
  ];
  return overrides.filter(({ value }) => value !== undefined);
}

/** A flag that would change nothing is a mistake of the command line, not a wish to be ignored. */
function requireNoInputFlags(flags: {
  readonly provider: string | undefined;
  readonly format: string | undefined;
}): void {
  const problems = Object.entries(flags).flatMap(([flag, value]): Problem[] => {
    const message = `--${flag} ${value}: needs --upstream, --file or --stdin; in a configuration file, set ${flag} there`;
    return value === undefined ? [] : [{ code: 'config.useless_flag', message }];
  });
  if (problems.length > 0) throw new ProblemError(problems);
}

function announce({ proxyAddress, proxyScheme, webAddress }: RunningApp, log: Log): void {
  if (proxyAddress !== undefined) log.info('proxy is listening', { address: addressUrl(proxyAddress, proxyScheme) });
  log.info('metrics are served', { address: `${addressUrl(webAddress)}/metrics` });
}

/** SIGHUP reloads; the first SIGTERM or SIGINT drains, the second one stops at once. */
async function untilStopped(app: RunningApp, context: CliContext, log: Log): Promise<void> {
  const ignoreHangup = context.onSignal('SIGHUP', () => app.reload());
  log.info('draining: running requests may finish', { signal: await stopSignal(context) });
  const second = await Promise.race([app.drain(), stopSignal(context)]);
  if (second !== undefined) log.warn('stopping at once: requests are cut', { signal: second });
  await app.close();
  ignoreHangup();
  log.info('stopped');
}
