import type { Clock } from '../../../clock.ts';
import { createLog, describeError } from '../../../log.ts';
import { type ConfiguredProxy, createConfiguredProxy, type Environment } from '../../configured-proxy.ts';
import { FREE_RETRIES } from '../retry/budget.ts';
import type { WorkerChannel } from './main-channel.ts';
import type { ToMain, ToWorker, WorkerSettings, WorkerStart } from './messages.ts';
import { Outbox } from './outbox.ts';
import { createRemoteLog } from './remote-log.ts';
import { createRemoteTurns } from './remote-turns.ts';
import { createReportingSink, type Judge, type ReportingSink } from './reporting-sink.ts';
import { shareOf } from './share.ts';

/** A judge that can be reloaded; that throws a ProblemError where the rules cannot be read, and changes nothing then. */
export interface WorkerJudge extends Judge {
  reconfigure(settings: WorkerSettings): void;
}

export interface WorkerOptions {
  readonly channel: WorkerChannel;
  readonly createJudge: (settings: WorkerSettings) => WorkerJudge;
  readonly clock: Clock;
  readonly env: Environment;
}

/**
 * The life of one worker; resolves when it is over.
 *
 *   waits for its settings → serves → drains → over
 *
 * The main process decides on each step, and hears of all that is to be counted or logged. When that process dies, whatever it was by, nobody
 * counts any more, but clients must not suffer: the worker frees the port for the next exporter, lets the running requests finish
 * within proxy.drain_timeout, and ends.
 */
export function runWorker(options: WorkerOptions): Promise<void> {
  const worker = new Worker(options);
  return worker.over;
}

interface Serving {
  readonly proxy: ConfiguredProxy;
  readonly judge: WorkerJudge;
  readonly sink: ReportingSink;
  settings: WorkerSettings;
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #outbox: Outbox<ToMain>;
  readonly #turns = createRemoteTurns((message) => this.#outbox.push(message));
  readonly #over = Promise.withResolvers<void>();
  #log = createRemoteLog((message) => this.#outbox.push(message));
  #serving: Serving | undefined;

  constructor(options: WorkerOptions) {
    const { channel } = options;
    this.#options = options;
    this.#outbox = new Outbox(channel.send);
    channel.onBatch((batch) => {
      for (const message of batch) this.#hear(message);
    });
    channel.onLost(() => this.#orphaned());
    channel.onExit(() => this.#tellRest());
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  #hear(message: ToWorker): void {
    switch (message[0]) {
      case 'start':
        void this.#start(message[1]);
        break;
      case 'reload':
        this.#reload(message[1]);
        break;
      case 'drain':
        void this.#end((proxy) => proxy.drain(message[1]));
        break;
      case 'close':
        void this.#end((proxy) => proxy.close());
        break;
      case 'granted':
        this.#turns.granted(message[1]);
        break;
      case 'shed':
        this.#turns.shed(message[1], message[2]);
        break;
      default:
        message satisfies never;
    }
  }

  /** Nothing it waits for rejects: what cannot be had is told. */
  async #start({ address, share, ...settings }: WorkerStart): Promise<void> {
    const { clock, env } = this.#options;
    try {
      const judge = this.#createJudge(settings);
      const sink = createReportingSink({ outbox: this.#outbox, judge });
      const proxy = createConfiguredProxy({
        ...{ config: settings.proxy, share, env, clock, log: this.#log, sink },
        shared: { freeRetries: shareOf(FREE_RETRIES, share), turns: this.#turns.source },
      });
      this.#serving = { proxy, judge, sink, settings };
      this.#outbox.push(['listening', await proxy.listen(address)]);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      this.#outbox.push(['refused', code, error instanceof Error ? error.message : String(error)]);
      void this.#end((proxy) => proxy.close());
    }
  }

  /** The main process goes on by the rules that it has read: what became of their file since must keep nobody from serving. */
  #createJudge(settings: WorkerSettings): WorkerJudge {
    const { createJudge } = this.#options;
    try {
      return createJudge(settings);
    } catch (err) {
      this.#log.error('a worker could not read the rules file and names causes by the built-in rules', {
        err: describeError(err),
      });
      return createJudge({ ...settings, rulesFile: undefined });
    }
  }

  /** The main process has found the settings good; what has changed in a file since then leaves the old ones in force here. */
  #reload(settings: WorkerSettings): void {
    const serving = this.#serving;
    if (serving === undefined) return;
    try {
      serving.judge.reconfigure(settings);
      serving.proxy.reconfigure(settings.proxy);
      serving.settings = settings;
    } catch (err) {
      this.#log.error('a worker could not take up the changed configuration and goes on by the old one', {
        err: describeError(err),
      });
    }
  }

  async #end(stop: (proxy: ConfiguredProxy) => Promise<void>): Promise<void> {
    const { proxy } = this.#serving ?? {};
    if (proxy !== undefined) await stop(proxy);
    this.#tellRest(() => this.#over.resolve());
  }

  #tellRest(told?: () => void): void {
    this.#serving?.sink.tellUncounted();
    this.#outbox.flush(told);
  }

  #orphaned(): void {
    const deadlineMs = this.#serving?.settings.proxy.drain_timeout ?? 0;
    this.#log = createLog();
    this.#log.error('the main process is gone: this worker of the proxy lets its requests finish and ends');
    this.#turns.release();
    void this.#end((proxy) => proxy.drain(deadlineMs));
  }
}
