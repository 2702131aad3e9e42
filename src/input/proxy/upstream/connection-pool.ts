import type { Duplex } from 'node:stream';
import { Connection, type ConnectionOptions } from './connection.ts';

export type PoolOptions = Omit<ConnectionOptions, 'socket' | 'onIdle' | 'onClosed'>;

/** Idle connections that are kept for reuse; above it they are closed. */
const MAX_IDLE_CONNECTIONS = 256;

/**
 * The connections to one upstream. Idle ones are a stack: the one that came back last goes out first, so that those not needed stay idle
 * and are closed in time.
 */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  /** An idle connection, out of the stack. */
  take(): Connection | undefined {
    for (;;) {
      const kept = this.#idle.pop();
      // A connection that has closed leaves the stack a moment later.
      if (kept === undefined || kept.isOpen) return kept;
    }
  }

  add(socket: Duplex): Connection {
    const connection: Connection = new Connection({
      ...this.#options,
      socket,
      onIdle: () => this.#rest(connection),
      onClosed: () => this.#forget(connection),
    });
    this.#all.add(connection);
    return connection;
  }

  /** Keeps none any more; those in use finish. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  destroy(): void {
    this.close();
    for (const connection of this.#all) connection.destroy();
  }

  #rest(connection: Connection): void {
    if (this.#isClosed || this.#idle.length >= MAX_IDLE_CONNECTIONS) connection.destroy();
    else this.#idle.push(connection);
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }
}
