import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.ts';
import { createDeadline } from '../upstream/deadline.ts';

/** A connection as one of the idle; who stands in a line writes these fields only through it. */
export interface IdlePlace<T> {
  readonly socket: Socket;
  /** What it had read when it fell idle; undefined while it is not. */
  idleFrom: number | undefined;
  /** Since when nothing came on it, and what it had read by then, as far as has been looked. */
  quietMs: number;
  quietFrom: number;
  older: T | undefined;
  newer: T | undefined;
}

/** Connections between two requests, the longest idle first. */
export interface IdleLine<T> {
  add(connection: T): void;
  remove(connection: T): void;
  /** The longest idle of those on which no request is on its way. */
  longest(): T | undefined;
}

/**
 * Linked through the connections themselves: each joins and leaves with every request, and that must leave nothing behind. One that was quiet
 * for `maxIdleMs` is closed. One timer does for all of them: one for each would be set and cleared with every request.
 */
export function createIdleLine<T extends IdlePlace<T>>({
  clock,
  maxIdleMs,
}: {
  readonly clock: Clock;
  readonly maxIdleMs: number;
}): IdleLine<T> {
  let oldest: T | undefined;
  let newest: T | undefined;
  const timer = createDeadline(clock, closeQuiet);

  function link(connection: T, bytesRead: number): void {
    connection.quietMs = clock.elapsedMs();
    connection.quietFrom = bytesRead;
    connection.older = newest;
    if (newest === undefined) oldest = connection;
    else newest.newer = connection;
    newest = connection;
    timer.by(connection.quietMs + maxIdleMs);
  }

  function unlink(connection: T): void {
    const { older, newer } = connection;
    if (older === undefined) oldest = newer;
    else older.newer = newer;
    if (newer === undefined) newest = older;
    else newer.older = older;
    connection.older = undefined;
    connection.newer = undefined;
  }

  function remove(connection: T): void {
    if (connection.idleFrom === undefined) return;
    unlink(connection);
    connection.idleFrom = undefined;
  }

  function closeQuiet(): void {
    const nowMs = clock.elapsedMs();
    while (oldest !== undefined && oldest.quietMs + maxIdleMs <= nowMs) {
      const connection: T = oldest;
      const { bytesRead } = connection.socket;
      if (bytesRead === connection.quietFrom) {
        remove(connection);
        connection.socket.destroy();
      } else {
        // Something came that is no request yet.
        unlink(connection);
        link(connection, bytesRead);
      }
    }
    if (oldest !== undefined) timer.by(oldest.quietMs + maxIdleMs);
  }

  return {
    add(connection) {
      if (connection.idleFrom !== undefined) return;
      const { bytesRead } = connection.socket;
      connection.idleFrom = bytesRead;
      link(connection, bytesRead);
    },
    remove,
    longest() {
      let found = oldest;
      while (found !== undefined && found.socket.bytesRead !== found.idleFrom) found = found.newer;
      return found;
    },
  };
}
