import type { Clock } from '../../../clock.ts';
import type { ListenAddress } from '../../../config/units.ts';
import type { ProxySink, Tap, WorkerCounts, WorkerSink } from '../../../event/sink.ts';
import type { Log } from '../../../log.ts';
import { createGuard, type Guard } from '../tap/guard.ts';
import { type Backoff, createBackoff } from './backoff.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { ToMain, ToWorker, WorkerSettings } from './messages.ts';
import { createTurnDesk, type TurnBook, type TurnDesk } from './turn-desk.ts';
import { WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  readonly settings: WorkerSettings;
  /** File of the program; it is run once more for each worker. */
  readonly program: string;
  readonly sink: ProxySink & WorkerSink;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a worker may take beyond its deadline to end, before it is killed. */
const GRACE_MS = 5000;

/** The place of one worker; who dies leaves it to the next. */
interface Slot {
  readonly index: number;
  readonly backoff: Backoff;
  worker: RunningWorker | undefined;
  /** Whoever has it from then on may die and is followed by another; before that, the start of the exporter has failed. */
  hasListened: boolean;
  cancelRestart: () => void;
}

interface RunningWorker {
  readonly process: WorkerProcess;
  readonly ledger: Ledger;
  readonly book: TurnBook;
  readonly listening: PromiseWithResolvers<ListenAddress>;
  readonly gone: Promise<void>;
  isUp: boolean;
}

/**
 * The proxy in several processes. Each serves connections of its own to the end; this one counts, classifies, logs and gives turns.
 *
 * A worker that dies takes its connections along. Its requests are counted as ended then, its turns go to others, and another takes its
 * place: at once, and with growing waits where it dies again soon. What it had done and not told yet, at most one turn of its event loop, is
 * lost: of these requests, some are counted as cut that had just ended well, and some that had just come are not counted.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: readonly Slot[];
  readonly #desk: TurnDesk;
  readonly #guard: Guard;
  readonly #counts: WorkerCounts;
  readonly #tapFailed: (part: Tap) => void;
  #settings: WorkerSettings;
  #address: ListenAddress = { host: '', port: 0 };
  /** Set when all of them did. */
  #listened: ListenAddress | undefined;
  #isStopping = false;

  constructor(options: WorkerPoolOptions) {
    const { settings, clock, sink } = options;
    this.#options = options;
    this.#settings = settings;
    this.#slots = Array.from({ length: settings.proxy.workers }, (_, index) => {
      const backoff = createBackoff(clock);
      return { index, backoff, worker: undefined, hasListened: false, cancelRestart: () => undefined };
    });
    this.#tapFailed = sink.taps();
    this.#guard = createGuard(options.log, this.#tapFailed);
    this.#desk = createTurnDesk({ ...options, config: settings.proxy, guard: this.#guard });
    this.#counts = sink.workers();
    this.#counts.up(0);
  }

  /** Resolves when all workers listen; rejects with Node's error, or when one of them ends instead. Nothing is tried again then. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    this.#address = address;
    const [first = address] = await Promise.all(this.#slots.map((slot) => this.#start(slot)));
    this.#listened = first;
    return first;
  }

  /** Whether anybody takes connections now. */
  get isServing(): boolean {
    return this.#upCount > 0;
  }

  reconfigure(settings: WorkerSettings): void {
    this.#settings = settings;
    this.#desk.reconfigure(settings.proxy);
    this.#tellAll(['reload', settings]);
  }

  drain(deadlineMs: number): Promise<void> {
    return this.#stop(['drain', deadlineMs], deadlineMs + GRACE_MS);
  }

  close(): Promise<void> {
    return this.#stop(['close'], GRACE_MS);
  }

  #start(slot: Slot): Promise<ListenAddress> {
    const { clock, sink, program } = this.#options;
    const gone = Promise.withResolvers<void>();
    const process = new WorkerProcess({
      program,
      hear: (message) => this.#hear(slot, worker, message),
      onGone: (how) => {
        this.#gone(slot, how);
        gone.resolve();
      },
    });
    const worker: RunningWorker = {
      ...{ process, gone: gone.promise, isUp: false },
      ledger: createLedger({ sink, clock, guard: this.#guard }),
      book: this.#desk.open((message) => process.tell(message)),
      listening: Promise.withResolvers(),
    };
    slot.worker = worker;
    slot.backoff.started();
    const share = { index: slot.index, of: this.#slots.length };
    process.tell(['start', { ...this.#settings, address: this.#address, share }]);
    return worker.listening.promise;
  }

  #hear(slot: Slot, worker: RunningWorker, message: ToMain): void {
    const { log } = this.#options;
    const { ledger, book, listening, process } = worker;
    if (ledger.take(message) || book.take(message)) return;
    switch (message[0]) {
      case 'listening':
        worker.isUp = true;
        slot.hasListened = true;
        this.#countUp();
        log.info('a worker of the proxy listens', { worker: process.pid });
        listening.resolve(message[1]);
        break;
      case 'refused':
        listening.reject(Object.assign(new Error(message[2]), { code: message[1] }));
        break;
      case 'uncounted':
        this.#counts.uncounted(message[1]);
        log.error('requests were not counted: the main process did not take reports', { requests: message[1] });
        break;
      case 'tap-failed':
        this.#tapFailed(message[1]);
        break;
      case 'log':
        log[message[1]](message[2], { ...message[3], worker: process.pid });
        break;
      default:
        break;
    }
  }

  #gone(slot: Slot, how: string): void {
    const { worker } = slot;
    if (worker === undefined) return;
    slot.worker = undefined;
    const requests = worker.ledger.abandon();
    worker.book.close();
    this.#countUp();
    worker.listening.reject(new Error(`a worker process ended before it listened: ${how}`));
    if (this.#isStopping || !slot.hasListened) return;
    // A free port that was asked for is known to Node by that wish, as long as anyone has it, and then by nothing but its number.
    const isLast = this.#slots.every((other) => other.worker === undefined);
    if (isLast && this.#listened !== undefined) this.#address = this.#listened;
    const fields = { worker: worker.process.pid, how, requests, again_in_ms: this.#restartLater(slot) };
    this.#options.log.error('a worker of the proxy died, its requests with it; another takes its place', fields);
  }

  #restartLater(slot: Slot): number {
    const delayMs = slot.backoff.nextDelayMs();
    slot.cancelRestart = this.#options.clock.after(delayMs, () => this.#restart(slot));
    return delayMs;
  }

  #restart(slot: Slot): void {
    const tell = (err: unknown): void => {
      if (!this.#isStopping) this.#options.log.error('a worker of the proxy could not be started', { err });
    };
    this.#counts.restarted();
    try {
      this.#start(slot).catch(tell);
    } catch (error) {
      // The system has no room for a process.
      tell(error);
      this.#restartLater(slot);
    }
  }

  #countUp(): void {
    this.#counts.up(this.#upCount);
  }

  get #upCount(): number {
    return this.#slots.filter(({ worker }) => worker?.isUp === true).length;
  }

  #tellAll(message: ToWorker): void {
    for (const { worker } of this.#slots) worker?.process.tell(message);
  }

  async #stop(message: ToWorker, killAfterMs: number): Promise<void> {
    this.#isStopping = true;
    for (const { cancelRestart } of this.#slots) cancelRestart();
    this.#tellAll(message);
    const running = this.#slots.flatMap(({ worker }) => worker ?? []);
    const cancel = this.#options.clock.after(killAfterMs, () => {
      for (const { process } of running) process.kill();
    });
    await Promise.all(running.map(({ gone }) => gone));
    cancel();
  }
}
