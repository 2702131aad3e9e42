import type { Socket } from 'node:net';

/** A connection as one of the idle; who stands in a line writes these fields only through it. */
export interface IdlePlace<T> {
  readonly socket: Socket;
  /** What it had read when it fell idle; undefined while it is not. */
  idleFrom: number | undefined;
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

/** Linked through the connections themselves: each joins and leaves with every request, and that must leave nothing behind. */
export function createIdleLine<T extends IdlePlace<T>>(): IdleLine<T> {
  let oldest: T | undefined;
  let newest: T | undefined;
  return {
    add(connection) {
      if (connection.idleFrom !== undefined) return;
      connection.idleFrom = connection.socket.bytesRead;
      connection.older = newest;
      if (newest === undefined) oldest = connection;
      else newest.newer = connection;
      newest = connection;
    },
    remove(connection) {
      if (connection.idleFrom === undefined) return;
      const { older, newer } = connection;
      if (older === undefined) oldest = newer;
      else older.newer = newer;
      if (newer === undefined) newest = older;
      else newer.older = older;
      connection.idleFrom = undefined;
      connection.older = undefined;
      connection.newer = undefined;
    },
    longest() {
      let found = oldest;
      while (found !== undefined && found.socket.bytesRead !== found.idleFrom) found = found.newer;
      return found;
    },
  };
}
