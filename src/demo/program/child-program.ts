import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Clock, systemClock } from '../../clock.ts';

/** How long a program may take to end after SIGTERM. */
const GRACE_MS = 10_000;
/** What is kept of a program's output, to say why it ended. */
const MAX_OUTPUT_LINES = 200;

/** A program of somebody else's that runs beside us. */
export interface ChildProgram {
  readonly pid: number | undefined;
  /** The last lines it printed, on stdout or stderr. */
  output(): string;
  /** Whether it has ended, or could never be started. */
  hasEnded(): boolean;
  /** Sends any signal, as an operator would. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after a grace period; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly clock?: Clock;
}

/** Starts a program. It never throws: one that cannot be started has ended, and its output says why. */
export function startChild({ command, args, cwd, clock = systemClock }: ChildOptions): ChildProgram {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const keep = (text: string) => {
    lines.push(...text.split('\n').filter((line) => line !== ''));
    lines.splice(0, lines.length - MAX_OUTPUT_LINES);
  };
  let ended = false;
  // When we end without having stopped it (a crash, process.exit), it must not stay behind.
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const end = () => {
    ended = true;
    process.off('exit', killAtExit);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  child.on('exit', end);
  child.on('error', (error) => {
    keep(error.message);
    end();
  });
  return {
    pid: child.pid,
    output: () => lines.join('\n'),
    hasEnded: () => ended,
    signal: (signal) => child.kill(signal),
    stop: async () => {
      if (!ended) await terminate(child, clock);
    },
  };
}

async function terminate(child: ChildProcess, clock: Clock): Promise<void> {
  const exited = once(child, 'exit');
  const cancel = clock.after(GRACE_MS, () => child.kill('SIGKILL'));
  child.kill('SIGTERM');
  await exited;
  cancel();
}
