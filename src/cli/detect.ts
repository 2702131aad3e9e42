import { Command, Option } from 'commander';
import { LINE_FORMATS, type LineFormat } from '../config/schema-lines.ts';
import { wantsColour } from '../demo/notifications.ts';
import { configToPaste, STDIN } from '../explain/detect/config-to-paste.ts';
import { detectLog, type LogReport } from '../explain/detect/detect-log.ts';
import { readLogSample, readStreamSample } from '../explain/detect/log-sample.ts';
import { ProblemError } from '../problem.ts';
import type { CliContext } from './context.ts';
import { widthOf } from './terminal/layout.ts';
import { formatLogReport } from './terminal/log-report.ts';
import { createStyle } from './terminal/style.ts';

interface DetectFlags {
  readonly provider: string;
  readonly format?: LineFormat;
  readonly logFormat?: string;
  readonly json?: true;
}

const EXAMPLE = `
Examples:
  llm-exporter detect /var/log/nginx/access.log
  llm-exporter detect /var/log/envoy/*.log.1.gz --provider novita
  docker logs gateway 2>&1 | llm-exporter detect -
  llm-exporter detect access.log --log-format '$remote_addr [$time_local] "$request" $status $request_time'

Looks at the beginning and the end of each log. Nothing of its lines is printed but the shape of rejected ones, in which a stands for
letters, 0 for digits and x for both.`;

/** `detect FILE...`: how logs are written, what they tell and what they do not, and the configuration that follows them. */
export function detectCommand(context: CliContext): Command {
  return new Command('detect')
    .description('tell the format of request logs, what their lines tell, and the configuration to paste')
    .argument('<files...>', 'request logs, gzipped ones too; - is stdin')
    .option('--provider <name>', 'value of the provider label', 'default')
    .addOption(new Option('--format <name>', 'try this format instead of finding out').choices(LINE_FORMATS))
    .option('--log-format <string>', 'try this log_format of nginx')
    .option('--json', 'one JSON object a file')
    .addHelpText('after', EXAMPLE)
    .action((files: readonly string[], flags: DetectFlags) => detect(files, flags, context));
}

async function detect(
  files: readonly string[],
  flags: DetectFlags,
  { stdout, stdin, env, clock }: CliContext,
): Promise<void> {
  const { provider, json = false } = flags;
  const look = { width: widthOf(stdout), style: createStyle(wantsColour(stdout, env)) };
  const reports: LogReport[] = [];
  for (const file of files) {
    const sample = await (file === STDIN ? readStreamSample(stdin) : readLogSample(file));
    const report = detectLog(sample, { file, provider, clock, given: givenBy(flags) });
    reports.push(report);
    const config = configToPaste([report], provider);
    stdout.write(json ? `${JSON.stringify({ ...report, config })}\n` : `${formatLogReport(report, look)}\n`);
  }
  const config = configToPaste(reports, provider);
  if (!json && config !== '') stdout.write(`# For the configuration file (llm-exporter check-config):\n${config}`);
  const problems = reports.flatMap((report) => problemOf(report));
  if (problems.length > 0) throw new ProblemError(problems);
}

function givenBy({ format, logFormat }: DetectFlags) {
  if (logFormat !== undefined) return { format: format ?? 'nginx', logFormat };
  return format === undefined || format === 'auto' ? undefined : { format };
}

function problemOf({ file, lines, fits, reading }: LogReport) {
  if (lines === 0) return [{ code: 'detect.empty', file, message: 'there is no whole line in it yet' }];
  if (fits) return [];
  const closest = reading === undefined ? '' : `; closest is ${reading.format}`;
  return [{ code: 'detect.no_format', file, message: `no format fits its lines${closest}` }];
}
