import { Command } from 'commander';
import { wantsColour } from '../../demo/notifications.ts';
import { reportJson } from '../../history/report/json.ts';
import { reportPage } from '../../history/report/page.ts';
import { report } from '../../history/report/report.ts';
import { createLog } from '../../log.ts';
import type { CliContext } from '../context.ts';
import { widthOf } from '../terminal/layout.ts';
import { formatReport } from '../terminal/past-report.ts';
import { createProgress } from '../terminal/progress.ts';
import { createStyle } from '../terminal/style.ts';
import { abortOnSignals, addPastFlags, type PastFlags, pastOptions, tellTotal, writePage } from './past-logs.ts';

interface ReportFlags extends PastFlags {
  readonly json?: true;
  readonly html?: string;
}

const EXAMPLE = `
Examples:
  llm-exporter report '/var/log/nginx/llm.json*' --provider novita
  llm-exporter report litellm.log --html past.html`;

/** `report FILE...`: one look at logs of the past. */
export function reportCommand(context: CliContext): Command {
  return addPastFlags(new Command('report'))
    .description('one look at logs of the past: what failed, why, when, and what to do')
    .option('--json', 'print JSON')
    .option('--html <file>', 'write a page with a timeline')
    .addHelpText('after', EXAMPLE)
    .action((files: readonly string[], flags: ReportFlags) => run(files, flags, context));
}

async function run(files: readonly string[], flags: ReportFlags, context: CliContext): Promise<void> {
  const { stdout, env, clock } = context;
  const progress = createProgress(context.stderr, clock);
  const { signal, release } = abortOnSignals(context);
  try {
    const result = await report({
      ...pastOptions(files, flags),
      onProgress: (done, all) => progress.show('reading', done, all),
      signal,
    });
    progress.clear();
    const look = { width: widthOf(stdout), style: createStyle(wantsColour(stdout, env)) };
    const json = () => `${JSON.stringify(reportJson(result), undefined, 2)}\n`;
    stdout.write(flags.json === true ? json() : formatReport(result, look));
    if (flags.html !== undefined) await writePage(flags.html, reportPage(result));
    tellTotal(result.total, createLog());
  } finally {
    progress.clear();
    release();
  }
}
