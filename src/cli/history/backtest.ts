import { Command, InvalidArgumentError } from 'commander';
import { wantsColour } from '../../demo/notifications.ts';
import { backtest } from '../../history/backtest/backtest.ts';
import { backtestJson } from '../../history/backtest/json.ts';
import { backtestPage } from '../../history/backtest/page.ts';
import { createLog } from '../../log.ts';
import { nonNegative, option } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { formatBacktest } from '../terminal/backtest-report.ts';
import { widthOf } from '../terminal/layout.ts';
import { createProgress } from '../terminal/progress.ts';
import { createStyle } from '../terminal/style.ts';
import {
  abortOnSignals,
  addLabel,
  addPastFlags,
  type PastFlags,
  pastOptions,
  tellTotal,
  writePage,
} from './past-logs.ts';

interface BacktestFlags extends PastFlags {
  readonly rules?: string;
  readonly label: Readonly<Record<string, string>>;
  readonly from?: number;
  readonly to?: number;
  readonly pagesPerWeek?: number;
  readonly json?: true;
  readonly html?: string;
}

const EXAMPLE = `
Examples:
  llm-exporter backtest '/var/log/nginx/llm.json*' --provider novita
  llm-exporter backtest litellm.log --rules alerts/llm.rules.yml --pages-per-week 1 --html past.html

The logs are counted as the exporter would have counted them, scraped every 30 s, and a real Prometheus (from PATH: apt-get install
prometheus) evaluates each rule at each of its intervals. Grouping, inhibition and silences are Alertmanager's and are not judged.

--json gives {version, logs, periods, rules, firings: [{alert, group, severity, summary, labels, pending, firing, resolved, firing_seconds,
peak}], quiet: [{alert, severity, closeness, nearest_miss: {what, at, labels}}], not_judged: [{alert, severity, reason}], failed_rules,
thresholds: [{alert, severity, firings, comparison, suggested: {threshold, firings}, why_not}]}; what is not known is null.`;

/** `backtest FILE...`: which alerts would have fired. */
export function backtestCommand(context: CliContext): Command {
  return addPastFlags(new Command('backtest'))
    .description('tell which alerts would have fired over logs of the past, judged by a real Prometheus')
    .option('--rules <file>', 'rule file of Prometheus; by default the alert pack as the configuration sets it')
    .addOption(option('--from <time>', 'judge from here on, such as 2026-09-01 or 2026-09-01T12:00Z', time))
    .addOption(option('--to <time>', 'judge up to here', time))
    .addOption(
      option('--pages-per-week <n>', 'tell the threshold at which each alert would have fired so often', nonNegative),
    )
    .addOption(option('--label <name=value>', 'label of every series; repeatable', addLabel).default({}, 'none'))
    .option('--json', 'print JSON')
    .option('--html <file>', 'write a page with a timeline')
    .addHelpText('after', EXAMPLE)
    .action((files: readonly string[], flags: BacktestFlags) => run(files, flags, context));
}

async function run(files: readonly string[], flags: BacktestFlags, context: CliContext): Promise<void> {
  const { stdout, env, clock } = context;
  const progress = createProgress(context.stderr, clock);
  const { signal, release } = abortOnSignals(context);
  try {
    const result = await backtest({
      ...pastOptions(files, flags),
      ...{ rulesFile: flags.rules, labels: flags.label, fromMs: flags.from, toMs: flags.to },
      pagesPerWeek: flags.pagesPerWeek,
      onProgress: (done, all) => progress.show('reading', done, all),
      onStage: (what) => progress.show(what),
      signal,
    });
    progress.clear();
    const look = { width: widthOf(stdout), style: createStyle(wantsColour(stdout, env)) };
    stdout.write(
      flags.json === true ? `${JSON.stringify(backtestJson(result), undefined, 2)}\n` : formatBacktest(result, look),
    );
    if (flags.html !== undefined) await writePage(flags.html, backtestPage(result));
    tellTotal(result.total, createLog());
  } finally {
    progress.clear();
    release();
  }
}

/** A day, or a moment; without a zone it is UTC. */
function time(text: string): number {
  const isWithoutZone = /T[\d:.]+$/.test(text);
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(isWithoutZone ? `${text}Z` : text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError(`${text} is no time such as 2026-09-01 or 2026-09-01T12:00Z.`);
  return ms;
}
