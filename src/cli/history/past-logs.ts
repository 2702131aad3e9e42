import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LINE_FORMATS, type LineFormat } from '../../config/schema-lines.ts';
import type { Total } from '../../history/read/tally.ts';
import type { Log } from '../../log.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import type { CliContext } from '../context.ts';

/** Flags of every command that reads logs of the past. */
export interface PastFlags {
  readonly format?: LineFormat;
  readonly logFormat?: string;
  readonly provider?: string;
  readonly 'config.file'?: string;
}

export function addPastFlags(command: Command): Command {
  return command
    .argument('<files...>', 'request logs: plain or gzipped, of any formats, overlapping, in any order; or patterns')
    .addOption(new Option('--format <name>', 'format of the lines; auto finds out').choices(LINE_FORMATS))
    .option('--log-format <string>', 'log_format of nginx that the lines have')
    .option('--provider <name>', 'value of the provider label')
    .option(
      '--config.file <path>',
      'configuration of serve: providers, rules of your own, fields of the logs it names',
    );
}

export function pastOptions(files: readonly string[], flags: PastFlags) {
  const { format, logFormat, provider } = flags;
  return { files, format, logFormat, provider, configFile: flags['config.file'] };
}

/** `job=llm-exporter`, repeatable. */
export function addLabel(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([a-zA-Z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined || name.startsWith('__')) {
    throw new InvalidArgumentError(`${text} is no label such as job=llm-exporter.`);
  }
  return { ...before, [name]: value };
}

/** Aborts at SIGINT and SIGTERM, so that what was begun is cleaned up; `release` gives the signals back. */
export function abortOnSignals({ onSignal }: Pick<CliContext, 'onSignal'>) {
  const stop = new AbortController();
  const stopped = new ProblemError([{ code: 'history.stopped', message: 'stopped by a signal' }]);
  const undo = (['SIGINT', 'SIGTERM'] as const).map((name) => onSignal(name, () => stop.abort(stopped)));
  return {
    signal: stop.signal,
    release() {
      for (const one of undo) one();
    },
  };
}

/** Throws a ProblemError when the file cannot be written. */
export async function writePage(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    const message = `cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ProblemError([{ code: 'history.output', file, message }], { cause });
  }
}

const WHY_LEFT_OUT = {
  no_time: 'their lines do not tell when they were',
  late: 'their lines are more than 5 minutes behind the lines before them; sort the file, or split it where it begins anew',
  stray: 'their time is far from that of the lines around them',
} as const;

/** Says what became of the lines; afterwards it throws a ProblemError when a file could not be read to its end. */
export function tellTotal(total: Total, log: Log): void {
  const { files, lines, events, filtered, rejected, leftOut, faults } = total;
  log.info('logs are read', { files, lines, requests: events, other_paths: filtered });
  if (Object.keys(rejected).length > 0) log.warn('lines could not be understood', rejected);
  for (const reason of ['no_time', 'late', 'stray'] as const) {
    if (leftOut[reason] > 0) {
      log.warn('requests are left out', { requests: leftOut[reason], of: events, why: WHY_LEFT_OUT[reason] });
    }
  }
  const problems = faults.map(
    ({ file, fault }): Problem => ({ code: 'history.damaged', file, message: `is not read to its end: ${fault}` }),
  );
  if (problems.length > 0) throw new ProblemError(problems);
}
