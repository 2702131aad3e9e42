import cluster, { type Worker } from 'node:cluster';
import type { ToMain, ToWorker } from './messages.ts';
import { Outbox } from './outbox.ts';

/** The hidden command of the program that serves as a worker. */
export const WORKER_COMMAND = 'proxy-worker';

export interface WorkerProcessOptions {
  /** File of the program. */
  readonly program: string;
  readonly hear: (message: ToMain) => void;
  /** It has ended, and all that it said before has been heard. */
  readonly onGone: (how: string) => void;
}

/**
 * One worker process, seen from the main one.
 *
 * Workers share the listening socket and accept by themselves (SCHED_NONE). With SCHED_RR the main process accepts for all and hands each
 * connection over, which is fairer by the number (300 and 300 of 600, against some 350 and 250) and costs 0.15 ms of its time and about
 * half as much again in all; and a main process that is busy, with a scrape or a log of gigabytes, would keep every new client
 * waiting. By themselves the less busy worker takes more, which is what fairness is for. SO_REUSEPORT spreads as evenly as SCHED_RR, but
 * what waits for a worker that dies is reset, and a second exporter of the same user would share the port without a word.
 */
export class WorkerProcess {
  readonly #worker: Worker;
  readonly #outbox: Outbox<ToWorker>;

  constructor({ program, hear, onGone }: WorkerProcessOptions) {
    // Fixed with the first worker of a process.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      ...{ exec: program, args: [WORKER_COMMAND], serialization: 'json' },
      // Its own faults, which end it, are told on stderr by Node.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker = cluster.fork();
    this.#worker = worker;
    this.#outbox = new Outbox((batch, sent) => void worker.send(batch, sent));
    worker.on('message', (batch: readonly ToMain[]) => {
      for (const message of batch) hear(message);
    });
    void untilGone(worker).then(onGone);
  }

  /** Of the process; undefined where it could not even be started. */
  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  tell(message: ToWorker): void {
    this.#outbox.push(message);
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }
}

/** What is asked of a worker to know that it is gone. */
export type Mortal = Pick<Worker, 'once' | 'on' | 'isConnected'> & { readonly process: Pick<Worker['process'], 'pid'> };

/**
 * Its end and that of its channel come in any order; only behind the latter there is nothing left to hear. Node does not tell of every
 * channel that it has closed, so one of a worker that has ended is looked at: the system closed the other end before it told of the end.
 */
export function untilGone(worker: Mortal): Promise<string> {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const { promise: silent, resolve: fallSilent } = Promise.withResolvers<void>();
  const look = (): void => void setImmediate(worker.isConnected() ? look : fallSilent);
  worker.once('exit', (code, signal) => {
    end(signal ?? `exit code ${code}`);
    look();
  });
  worker.once('disconnect', fallSilent);
  worker.on('error', (error) => {
    if (worker.process.pid !== undefined) return;
    end(error.message);
    fallSilent();
  });
  return Promise.all([ended, silent]).then(([how]) => how);
}
