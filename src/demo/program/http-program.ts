import { createServer } from 'node:http';
import { systemClock } from '../../clock.ts';
import { ProblemError } from '../../problem.ts';
import { closeServer, listen } from '../../simulate/listen.ts';
import { pause } from '../../simulate/pause.ts';
import { type ChildOptions, type ChildProgram, startChild } from './child-program.ts';

const LOOPBACK = '127.0.0.1';
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** Another process may take the port between our looking and the program's listening. */
const ATTEMPTS = 5;

/** A program that serves HTTP on a loopback port. */
export interface HttpProgram extends Omit<ChildProgram, 'hasEnded'> {
  readonly url: string;
}

export interface HttpProgramOptions extends Omit<ChildOptions, 'args'> {
  /** For messages. */
  readonly name: string;
  /** Command line for a port; may write configuration files first. */
  readonly args: (port: number) => Promise<readonly string[]>;
  /** Answers 200 once the program is ready. */
  readonly readyPath: string;
  /**
   * What it prints once the port is its own. Without it, a program that is about to fail because another one took the
   * port a moment ago would look ready: the other one answers.
   */
  readonly listeningOutput?: RegExp;
  /** Taken when it is free. */
  readonly preferredPort?: number;
}

/** Starts a program on a free port and waits until it is ready. Throws a ProblemError with its last words. */
export async function startHttpProgram(options: HttpProgramOptions): Promise<HttpProgram> {
  const { name, readyPath } = options;
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? options.preferredPort : undefined);
    const child = startChild({ ...options, args: await options.args(port) });
    const url = `http://${LOOPBACK}:${port}`;
    if (await becomesReady(child, url + readyPath, options)) return { ...child, url };
    await child.stop();
    if (attempt === ATTEMPTS || !/address already in use/i.test(child.output())) {
      const message = `${name} does not become ready; its last words:\n${child.output()}`;
      throw new ProblemError([{ code: 'demo.program_failed', message }]);
    }
  }
}

/** A port nobody listens on now: the preferred one, else one that the system chooses. */
export async function freePort(preferred = 0): Promise<number> {
  const server = createServer();
  const { port } = await listen(server, { host: LOOPBACK, port: preferred }).catch((error: unknown) => {
    if (preferred === 0) throw error;
    return listen(server, { host: LOOPBACK, port: 0 });
  });
  await closeServer(server);
  return port;
}

async function becomesReady(
  child: ChildProgram,
  url: string,
  { clock = systemClock, listeningOutput = /(?:)/ }: HttpProgramOptions,
): Promise<boolean> {
  const endMs = clock.elapsedMs() + READY_TIMEOUT_MS;
  while (!child.hasEnded() && clock.elapsedMs() < endMs) {
    if (listeningOutput.test(child.output()) && (await answersOk(url))) return true;
    await pause(clock, POLL_MS);
  }
  return false;
}

function answersOk(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );
}
