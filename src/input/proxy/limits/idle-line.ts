import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.ts';
import { createDeadline } from '../upstream/deadline.ts';

/** A connection as one of the idle; who stands in a line writes these fields only through it. */
export interface IdlePlace<T> {
  readonly socket: Socket;
  /** Undefined while it is not idle. */
  idleSinceMs: number | undefined;
  older: T | undefined;
  newer: T | undefined;
}

/** Connections between two requests, the longest idle first. */
export interface IdleLine<T> {
  add(connection: T): void;
  remove(connection: T): void;
  longest(): T | undefined;
}

/**
 * Linked through the connections themselves: each joins and leaves with every request, and that must leave nothing behind. One that was idle
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
  const timer = createDeadline(clock, closeIdle);

  function remove(connection: T): void {
    if (connection.idleSinceMs === undefined) return;
    const { older, newer } = connection;
    if (older === undefined) oldest = newer;
    else older.newer = newer;
    if (newer === undefined) newest = older;
    else newer.older = older;
    connection.idleSinceMs = undefined;
    connection.older = undefined;
    connection.newer = undefined;
  }

  function closeIdle(): void {
    const nowMs = clock.elapsedMs();
    while (oldest?.idleSinceMs !== undefined && oldest.idleSinceMs + maxIdleMs <= nowMs) {
      const connection: T = oldest;
      remove(connection);
      connection.socket.destroy();
    }
    if (oldest?.idleSinceMs !== undefined) timer.by(oldest.idleSinceMs + maxIdleMs);
  }

  return {
    add(connection) {
      if (connection.idleSinceMs !== undefined) return;
      const nowMs = clock.elapsedMs();
      connection.idleSinceMs = nowMs;
      connection.older = newest;
      if (newest === undefined) oldest = connection;
      else newest.newer = connection;
      newest = connection;
      timer.by(nowMs + maxIdleMs);
    },
    remove,
    longest: () => oldest,
  };
}
