import { Readable } from 'node:stream';
import { runProgram } from '../../src/cli/program.ts';
import { systemClock } from '../../src/clock.ts';

/** A command that has run in this process, as a terminal or a pipe would have seen it. */
export interface CommandRun {
  readonly code: number;
  readonly stdout: string;
}

/** Runs a command line; with `columns` stdout is a terminal of that width. Its stderr is this process's own. */
export async function runCommand(
  args: readonly string[],
  {
    stdin = '',
    columns,
    env = {},
  }: { readonly stdin?: string | Buffer; readonly columns?: number; readonly env?: Record<string, string> } = {},
): Promise<CommandRun> {
  let stdout = '';
  const code = await runProgram(args, {
    stdout: {
      write(text) {
        stdout += text;
      },
      isTTY: columns !== undefined,
      columns,
    },
    stdin: Readable.from([Buffer.from(stdin)]),
    env,
    clock: systemClock,
    onSignal: () => () => undefined,
  });
  return { code, stdout };
}
