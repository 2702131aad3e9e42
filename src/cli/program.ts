import { Command, CommanderError } from 'commander';
import { readBuildInfo } from '../build-info.ts';
import { createLog } from '../log.ts';
import { ProblemError } from '../problem.ts';
import type { CliContext } from './context.ts';

/** As Unix tools have it: 0 fine, 1 a problem was found, 2 the command line itself is wrong. */
const EXIT = { ok: 0, problem: 1, usage: 2 } as const;

type CreateCommand = (context: CliContext) => Command;

/** Every command, loaded when it is asked for: `serve` must not wait for what only `demo` needs. */
const COMMANDS: ReadonlyMap<string, () => Promise<CreateCommand>> = new Map([
  ['serve', async () => (await import('./serve.ts')).serveCommand],
  ['check-config', async () => (await import('./check-config.ts')).checkConfigCommand],
  ['detect', async () => (await import('./detect.ts')).detectCommand],
  ['causes', async () => (await import('./causes.ts')).causesCommand],
  ['explain', async () => (await import('./explain.ts')).explainCommand],
  ['backfill', async () => (await import('./history/backfill.ts')).backfillCommand],
  ['backtest', async () => (await import('./history/backtest.ts')).backtestCommand],
  ['report', async () => (await import('./history/report.ts')).reportCommand],
  ['generate', async () => (await import('./generate.ts')).generateCommand],
  ['simulate', async () => (await import('./simulate.ts')).simulateCommand],
  ['demo', async () => (await import('./demo.ts')).demoCommand],
  ['notifications', async () => (await import('./notifications.ts')).notificationsCommand],
]);

/** Run by the program itself; in no list. */
const HIDDEN: ReadonlyMap<string, () => Promise<CreateCommand>> = new Map([
  ['proxy-worker', async () => (await import('./proxy-worker.ts')).proxyWorkerCommand],
]);

/** Runs one command line (without node and script) and answers with the exit code; it never throws. */
export async function runProgram(args: readonly string[], context: CliContext): Promise<number> {
  const log = createLog();
  try {
    const program = await createProgram(args, context, (text) => log.error(text.replace(/^error: /, '').trim()));
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof ProblemError) {
      for (const { message, file, line, column } of error.problems) log.error(message, { file, line, column });
      return EXIT.problem;
    }
    log.error('stopped by a fault of its own', { err: error });
    return EXIT.problem;
  }
}

/** The program with the command that `args` name; with all of them where the names are wanted: help, a wrong name. */
async function createProgram(
  args: readonly string[],
  context: CliContext,
  writeError: (text: string) => void,
): Promise<Command> {
  const { version, revision, nodeVersion } = readBuildInfo(context.env);
  const program = new Command('llm-exporter')
    .description(
      'Tells operators why their LLM API calls fail: counts requests by model, status code and cause for Prometheus.',
    )
    .version(`llm-exporter ${version} (revision ${revision}, Node.js ${nodeVersion})`);
  const [name = ''] = args;
  const named = COMMANDS.get(name) ?? HIDDEN.get(name);
  const loaded = await Promise.all((named === undefined ? [...COMMANDS.values()] : [named]).map((load) => load()));
  const commands = loaded.map((create) => create(context));
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) {
    command
      .exitOverride()
      .showHelpAfterError(false)
      .configureOutput({ writeOut: (text) => context.stdout.write(text), writeErr: writeError });
  }
  return program;
}
