import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadCatalogue } from '../classify/catalogue.ts';
import { LINE_FORMATS, type LineFormat } from '../config/schema-lines.ts';
import { wantsColour } from '../demo/notifications.ts';
import { createExplainer, type Explainer } from '../explain/explainer.ts';
import type { Hints } from '../explain/item.ts';
import { INPUT_FORMATS, type InputFormat } from '../explain/read-input.ts';
import { createLog, type Log } from '../log.ts';
import { ProblemError } from '../problem.ts';
import { loadRules } from '../rules/load-rules.ts';
import { option, seconds } from './arguments.ts';
import type { CliContext } from './context.ts';
import { widthOf } from './terminal/layout.ts';
import { createStyle } from './terminal/style.ts';
import { createTally, formatTally, type Tally } from './terminal/tally.ts';
import { formatItem, itemToJson } from './terminal/verdict.ts';

const FORMATS = [...new Set([...INPUT_FORMATS, ...LINE_FORMATS])];

interface ExplainFlags {
  readonly corpus?: string;
  readonly summary?: true;
  readonly format: InputFormat | LineFormat;
  readonly logFormat?: string;
  readonly provider?: string;
  readonly status?: number;
  readonly header: Readonly<Record<string, string>>;
  readonly stream?: true;
  readonly duration?: number;
  readonly all?: true;
  readonly 'rules.file'?: string;
  readonly json?: true;
}

const EXAMPLE = `
Examples:
  llm-exporter explain error.json --status 429 --provider novita
  curl -isS https://api.novita.ai/openai/v1/models | llm-exporter explain
  llm-exporter explain api.novita.ai.har
  tail -n 20 /var/log/nginx/llm.json | llm-exporter explain --provider novita
  llm-exporter explain access.log --log-format '$remote_addr [$time_local] "$request" $status $request_time'

--corpus reads lines of {"provider", "status", "headers"?, "body", "stream"?, "cause"?} and prints for each, in order, one line
{"cause", "basis", "rule", "origin", "owner"}; a line that cannot be read gives {"error"}, and the exit code is 1 at the end.
Where lines carry a cause, accuracy and confusions go to the log on stderr; --summary prints them on stdout, and nothing else.

Nothing of the input is printed but label values: no body, no header, no key, no path.`;

/** `explain [FILE]`: says of a failed call what the exporter would, and why. */
export function explainCommand(context: CliContext): Command {
  return new Command('explain')
    .description('explain failed calls: cause, evidence, whose fault, what to do')
    .argument(
      '[file]',
      'an error body, what curl -i or -v printed, a HAR file or request log lines; stdin without it or with -',
    )
    .option('--corpus <file>', 'judge recorded failures, one JSON object a line')
    .option('--summary', 'with --corpus: only the accuracy and the confusions')
    .addOption(
      new Option('--format <name>', 'what the file is, or the format of its lines').choices(FORMATS).default('auto'),
    )
    .option('--log-format <string>', 'log_format of nginx that its lines have')
    .option('--provider <name>', 'who was asked; by default from the host, where one is named')
    .addOption(option('--status <code>', 'HTTP status of the answer', statusCode))
    .addOption(
      option('--header <line>', "header of the answer, 'name: value'; repeatable", addHeader).default({}, 'none'),
    )
    .option('--stream', 'a stream was asked for')
    .addOption(option('--duration <duration>', 'how long the request took, such as 60.1s', seconds))
    .option('--all', 'also requests whose path is no LLM operation')
    .option('--rules.file <path>', 'rules of your own, as for serve')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXAMPLE)
    .action((file: string | undefined, flags: ExplainFlags) => explain(file, flags, context));
}

async function explain(file: string | undefined, flags: ExplainFlags, { stdout, stdin, env, clock }: CliContext) {
  const log = createLog();
  const rules = loadRules(flags['rules.file'], loadCatalogue());
  const explainer = createExplainer({ catalogue: rules.catalogue, clock, log });
  if (flags.corpus !== undefined) {
    const corpus = explainer.judgeCorpus(await readSource(flags.corpus, stdin));
    return judgeCorpus(corpus, flags, { stdout, log });
  }
  const input = await readSource(file ?? '-', stdin);
  const look = { width: widthOf(stdout), style: createStyle(wantsColour(stdout, env)) };
  const seen = { explained: 0, unreadable: 0 };
  const { format, lines } = formatOf(flags);
  for await (const item of explainer.explain(input, { format, hints: { ...hintsOf(flags), lines } })) {
    if ('unreadable' in item) seen.unreadable += 1;
    else if ('event' in item) seen.explained += 1;
    stdout.write(flags.json === true ? `${JSON.stringify(itemToJson(item))}\n` : `${formatItem(item, look)}\n`);
  }
  report(seen);
}

function report({ explained, unreadable }: { readonly explained: number; readonly unreadable: number }): void {
  if (unreadable > 0) {
    throw new ProblemError([
      { code: 'explain.unreadable', message: `${unreadable} could not be read, ${explained} were explained` },
    ]);
  }
  if (explained > 0) return;
  const message = 'nothing here is a call of an LLM API; --all explains every request';
  throw new ProblemError([{ code: 'explain.nothing', message }]);
}

async function judgeCorpus(
  corpus: ReturnType<Explainer['judgeCorpus']>,
  { summary }: ExplainFlags,
  { stdout, log }: Pick<CliContext, 'stdout'> & { readonly log: Log },
): Promise<void> {
  const tally = createTally();
  for await (const result of corpus) {
    tally.add(result);
    const { line: _line, ...said } = result;
    if (summary === true) continue;
    stdout.write(`${JSON.stringify({ ...said, expected: undefined })}\n`);
  }
  if (summary === true) stdout.write(formatTally(tally, widthOf(stdout)));
  else logTally(tally, log);
  if (tally.problems.length > 0) throw new ProblemError(tally.problems);
}

function logTally({ labelled, right, confusions }: Tally, log: Log): void {
  if (labelled === 0) return;
  for (const { expected, given, lines } of confusions()) log.warn('judged otherwise', { expected, given, lines });
  log.info('compared with the causes in the corpus', { right, of: labelled, accuracy: right / labelled });
}

async function readSource(file: string, stdin: CliContext['stdin']): Promise<Buffer> {
  if (file === '-') return buffer(stdin);
  try {
    return readFileSync(file);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ProblemError([{ code: 'explain.file', file, message: `cannot be read: ${message}` }], { cause: error });
  }
}

/** A format of lines says what the file is, too. */
function formatOf({ format, logFormat }: ExplainFlags): {
  readonly format: InputFormat;
  readonly lines: Hints['lines'];
} {
  const isInput = (name: string): name is InputFormat => INPUT_FORMATS.some((known) => known === name);
  if (isInput(format)) {
    return logFormat === undefined
      ? { format, lines: undefined }
      : { format: 'lines', lines: { format: 'nginx', logFormat } };
  }
  return { format: 'lines', lines: { format, logFormat } };
}

function hintsOf({ provider, status, header, stream, duration, all }: ExplainFlags): Hints {
  return {
    provider,
    status,
    headers: header,
    stream,
    durationSeconds: duration,
    include: all === true ? 'all' : 'llm',
  };
}

function statusCode(text: string): number {
  if (!/^[1-5]\d\d$/.test(text)) throw new InvalidArgumentError(`${text} is no HTTP status such as 429.`);
  return Number(text);
}

function addHeader(line: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^\s*([!#$%&'*+.^`|~\w-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
  // Not quoted: it may well be a key.
  if (name === undefined || value === undefined) throw new InvalidArgumentError("a header is written 'name: value'.");
  return { ...before, [name.toLowerCase()]: value };
}
