import { Command } from 'commander';
import { type Problem, ProblemError } from '../problem.ts';
import { startProxyWorker } from '../proxy-worker.ts';
import type { CliContext, Signal } from './context.ts';

/** Meant for all processes of a terminal or service: it is the main one that acts on them, and tells its workers. */
const SIGNALS: readonly Signal[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/** `proxy-worker`: one of the processes of `proxy.workers`, started by `serve` and never by hand. */
export function proxyWorkerCommand({ clock, env, onSignal }: CliContext): Command {
  return new Command('proxy-worker').description('one worker of proxy.workers; started by serve').action(async () => {
    for (const signal of SIGNALS) onSignal(signal, () => undefined);
    const over = startProxyWorker({ clock, env });
    if (over === undefined) throw new ProblemError([STARTED_BY_HAND]);
    await over;
  });
}

const STARTED_BY_HAND: Problem = {
  code: 'worker.by_hand',
  message: 'proxy-worker is started by serve where proxy.workers is above 1, and by nobody else',
};
