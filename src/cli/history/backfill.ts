import { Command, InvalidArgumentError } from 'commander';
import { backfill, type Target } from '../../history/backfill/backfill.ts';
import { createLog } from '../../log.ts';
import { durationMs, option } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { createProgress } from '../terminal/progress.ts';
import { abortOnSignals, addLabel, addPastFlags, type PastFlags, pastOptions, tellTotal } from './past-logs.ts';

interface BackfillFlags extends PastFlags {
  readonly interval: number;
  readonly label: Readonly<Record<string, string>>;
  readonly output?: string;
  readonly blocks?: string;
}

const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 3_600_000;

const EXAMPLE = `
Examples:
  llm-exporter backfill '/var/log/nginx/llm.json*' --provider novita --label job=llm-exporter --blocks /var/lib/prometheus/data
  llm-exporter backfill litellm.log --output litellm.om && promtool tsdb create-blocks-from openmetrics litellm.om data

Each request is counted at its own time, as the exporter would have counted it then; there is a sample each interval. Prometheus takes up
blocks that lie in its data folder within minutes, where its retention reaches back that far.`;

/** `backfill FILE...`: logs of the past as samples with their times. */
export function backfillCommand(context: CliContext): Command {
  const command = addPastFlags(new Command('backfill'));
  return command
    .description('turn logs of the past into samples with their times: OpenMetrics, or blocks for Prometheus')
    .addOption(
      option('--interval <duration>', 'time between samples: the scrape interval', interval).default(30_000, '30s'),
    )
    .addOption(option('--label <name=value>', 'label of every series; repeatable', addLabel).default({}, 'none'))
    .option('--output <file>', 'write OpenMetrics to this file; - is stdout')
    .option('--blocks <dir>', 'have promtool write blocks into this folder')
    .addHelpText('after', EXAMPLE)
    .action(async (files: readonly string[], flags: BackfillFlags) => {
      const { output, blocks } = flags;
      if ((output === undefined) === (blocks === undefined))
        command.error('error: either --output or --blocks is needed');
      await run(files, flags, context);
    });
}

async function run(files: readonly string[], flags: BackfillFlags, context: CliContext): Promise<void> {
  const log = createLog();
  const progress = createProgress(context.stderr, context.clock);
  const { signal, release } = abortOnSignals(context);
  try {
    const {
      total,
      samples,
      startMs = 0,
      endMs = 0,
    } = await backfill({
      ...pastOptions(files, flags),
      intervalMs: flags.interval,
      labels: flags.label,
      target: targetOf(flags, context),
      onProgress: (done, all) => progress.show('reading', done, all),
      signal,
    });
    progress.clear();
    log.info('samples are written', { samples, from: iso(startMs), to: iso(endMs) });
    tellTotal(total, log);
  } finally {
    progress.clear();
    release();
  }
}

function targetOf({ output, blocks }: BackfillFlags, { stdout }: CliContext): Target {
  if (blocks !== undefined) return { kind: 'blocks', folder: blocks };
  return output === undefined || output === '-'
    ? { kind: 'text', write: (text) => stdout.write(text) }
    : { kind: 'file', path: output };
}

function interval(text: string): number {
  const ms = durationMs(text);
  if (ms < MIN_INTERVAL_MS || ms > MAX_INTERVAL_MS || ms % 1000 !== 0) {
    throw new InvalidArgumentError(`${text} is not between 1s and 1h in whole seconds.`);
  }
  return ms;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
