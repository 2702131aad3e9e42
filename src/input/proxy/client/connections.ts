import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.ts';
import { createIdleLine, type IdleLine } from '../limits/idle-line.ts';
import { KEEP_ALIVE_MS } from '../limits/listener.ts';
import { ClientConnection, type ClientConnectionOptions, type Running } from './client-connection.ts';

/** Idle connections are kept for so much longer than clients are told: a request may be on its way. */
const KEEP_ALIVE_MARGIN_MS = 1000;
/** Slow clients are looked for this often within the time allowed: one is found at most one look late. */
const LOOKS = 4;

export interface ConnectionsOptions<T extends Running>
  extends Pick<ClientConnectionOptions<T>, 'clock' | 'maxHeadBytes' | 'onRequest' | 'onMalformed'> {
  /** For a client to send its headers, and between two pieces of its body. */
  readonly requestMs: number;
}

/**
 * The clients' connections and what is under way on each.
 *
 * What is under way is held by its connection, never in a Set or Map of its own: V8 links each table of those to the one that takes its place,
 * so that a table in old space keeps all that followed it, and each request in it, until a major collection. With requests that come and go
 * that was a fifth of the processor time.
 *
 * Clients that stop in the middle of a request would hold their connection, and one to the upstream, for ever (slowloris). All are looked at
 * together from time to time, so that a request that is sent in one go, as nearly all are, costs no timer.
 */
export class Connections<T extends Running> {
  readonly #options: ConnectionsOptions<T>;
  readonly #clock: Clock;
  /** Those that are open, or on which something is not counted yet. */
  readonly #all = new Set<ClientConnection<T>>();
  readonly #idle: IdleLine<ClientConnection<T>>;
  #count = 0;
  #runningCount = 0;
  #isWatching = false;

  constructor(options: ConnectionsOptions<T>) {
    this.#options = options;
    this.#clock = options.clock;
    this.#idle = createIdleLine({ clock: options.clock, maxIdleMs: KEEP_ALIVE_MS + KEEP_ALIVE_MARGIN_MS });
  }

  add(socket: Socket): ClientConnection<T> {
    const { clock, maxHeadBytes, onRequest, onMalformed } = this.#options;
    const connection: ClientConnection<T> = new ClientConnection<T>({
      ...{ socket, clock, maxHeadBytes, onRequest, onMalformed },
      onIdle: (of, isIdle) => (isIdle ? this.#idle.add(of) : this.#idle.remove(of)),
      onAwaits: () => this.#watch(),
      onClosed: (of) => {
        this.#count -= 1;
        this.#idle.remove(of);
        this.#forgetIfOver(of);
      },
    });
    this.#all.add(connection);
    this.#count += 1;
    return connection;
  }

  /** Those that are open. */
  get count(): number {
    return this.#count;
  }

  /** What is under way, or over and not counted yet. */
  get runningCount(): number {
    return this.#runningCount;
  }

  running(): readonly T[] {
    return Array.from(this.#all, ({ running }) => running).filter((running) => running !== undefined);
  }

  /** This one came when there were too many; an idle one makes room, if there is one. */
  addSurplus(connection: ClientConnection<T>): void {
    connection.isSurplus = true;
    const idle = this.#idle.longest();
    if (idle === undefined) return;
    this.#idle.remove(idle);
    idle.socket.destroy();
  }

  begin(connection: ClientConnection<T>, running: T): void {
    this.#runningCount += 1;
    connection.begin(running);
  }

  end(connection: ClientConnection<T>, running: T): void {
    this.#runningCount -= 1;
    connection.end(running);
    this.#forgetIfOver(connection);
  }

  /** Closes those that wait for a request. */
  closeIdle(): void {
    for (const connection of this.#all) if (connection.isWaiting) connection.socket.destroy();
  }

  closeAll(): void {
    for (const { socket } of this.#all) socket.destroy();
  }

  #forgetIfOver(connection: ClientConnection<T>): void {
    if (connection.isClosed && connection.running === undefined) this.#all.delete(connection);
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#clock.after(this.#options.requestMs / LOOKS, () => this.#look());
  }

  #look(): void {
    this.#isWatching = false;
    let isAwaited = false;
    for (const connection of this.#all) if (connection.look(this.#options.requestMs)) isAwaited = true;
    if (isAwaited) this.#watch();
  }
}
