import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { type Exchange, LINGER_MS } from './exchange.ts';
import { createIdleLine, type IdleLine, type IdlePlace } from './limits/idle-line.ts';
import { KEEP_ALIVE_MS } from './limits/listener.ts';

/** Idle connections are kept for so much longer than clients are told: a request may be on its way. node:http does the same. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** One client's connection. */
interface ClientConnection extends IdlePlace<ClientConnection> {
  /** What is under way, the oldest first. */
  readonly exchanges: Exchange[];
  /** It takes no further request, and closes when those under way are over. */
  isLast: boolean;
  /** It came when there were too many. */
  isSurplus: boolean;
  isClosed: boolean;
}

/**
 * The clients' connections and what is under way on each: with pipelining there may be several exchanges.
 *
 * A connection closes gently. node:http destroys it behind its last answer, and under a client that is still sending that
 * is a reset, which can take the answer away before it is read; so only our half is closed then, and the rest when the
 * client has sent everything, has closed its own half, or has had its time (RFC 9112 section 9.6).
 *
 * Exchanges are held in arrays and by their connections, never in a Set or Map of their own: V8 links each table of those to the one that
 * takes its place, so that a table in old space keeps all that followed it, and each request in it, until a major collection. With requests
 * that come and go that was a fifth of the processor time.
 */
export class Connections {
  readonly #clock: Clock;
  readonly #bySocket = new WeakMap<Duplex, ClientConnection>();
  /** Those that are open, or on which something is still under way. */
  readonly #all = new Set<ClientConnection>();
  /** Exchanges behind others on their connections, and what starts them. */
  readonly #waiting = new WeakMap<Exchange, () => void>();
  readonly #idle: IdleLine<ClientConnection>;
  /** Of these node:http does not know all: a refused tunnel is none of its connections any more. */
  readonly #lingering = new Set<Duplex>();
  #count = 0;
  #runningCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#idle = createIdleLine({ clock, maxIdleMs: KEEP_ALIVE_MS + KEEP_ALIVE_MARGIN_MS });
  }

  add(socket: Socket): void {
    const connection = this.#meet(socket);
    this.#count += 1;
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      if (connection.exchanges.every((exchange) => exchange.request.complete)) destroySoon();
      else this.linger(socket);
    };
    // node:http sets a timer when a connection falls idle and clears it with the next request. The line of the idle has one for all.
    socket.setTimeout = () => socket;
    // With pipelining, older releases of node tell a response that waits behind another nothing of the connection's end.
    socket.once('close', () => {
      this.#count -= 1;
      connection.isClosed = true;
      this.#idle.remove(connection);
      for (const exchange of [...connection.exchanges]) exchange.clientGone();
      this.#forgetIfOver(connection);
    });
  }

  /** Those that are open. */
  get count(): number {
    return this.#count;
  }

  /** Exchanges that are under way. */
  get runningCount(): number {
    return this.#runningCount;
  }

  running(): readonly Exchange[] {
    return Array.from(this.#all, ({ exchanges }) => exchanges).flat();
  }

  /** This one came when there were too many; an idle one makes room, if there is one. */
  addSurplus(socket: Duplex): void {
    const connection = this.#of(socket);
    if (connection !== undefined) connection.isSurplus = true;
    const idle = this.#idle.longest();
    if (idle === undefined) return;
    this.#idle.remove(idle);
    idle.socket.destroy();
  }

  isSurplus(socket: Duplex): boolean {
    return this.#of(socket)?.isSurplus === true;
  }

  /** What is under way, the oldest first. */
  exchangesOf(socket: Duplex): readonly Exchange[] {
    return this.#of(socket)?.exchanges ?? [];
  }

  /** Whether a request on it is still answered. */
  isOpen(socket: Duplex): boolean {
    return this.#of(socket)?.isLast !== true;
  }

  /** Takes no further request on this connection. */
  refuseMore(socket: Duplex): void {
    const connection = this.#of(socket);
    if (connection !== undefined) connection.isLast = true;
  }

  /**
   * Starts it when it is its turn: requests that come behind one another are served so (RFC 9112 section 9.3.2), or a POST could be overtaken
   * by the GET that asks what became of it.
   */
  begin(exchange: Exchange, start: () => void): void {
    const { socket } = exchange.request;
    const connection = this.#of(socket) ?? this.#meet(socket);
    this.#idle.remove(connection);
    connection.exchanges.push(exchange);
    this.#runningCount += 1;
    if (connection.exchanges.length === 1) start();
    else this.#waiting.set(exchange, start);
  }

  /** Whether it is its turn. */
  isFirst(exchange: Exchange): boolean {
    return this.#of(exchange.request.socket)?.exchanges[0] === exchange;
  }

  end(exchange: Exchange): void {
    const connection = this.#of(exchange.request.socket);
    if (connection === undefined || !connection.exchanges.includes(exchange)) return;
    const { socket, exchanges } = connection;
    if (exchanges.length === 1) exchanges.pop();
    else exchanges.splice(exchanges.indexOf(exchange), 1);
    this.#runningCount -= 1;
    const [next] = exchanges;
    if (next !== undefined && socket.writable) this.#startNext(next);
    if (exchanges.length > 0) return;
    if (connection.isLast) socket.destroySoon();
    else if (!socket.destroyed) this.#idle.add(connection);
    this.#forgetIfOver(connection);
  }

  /** Closes our half now, and the rest a little later. */
  linger(socket: Duplex): void {
    this.refuseMore(socket);
    socket.end();
    if (this.#lingering.has(socket)) return;
    this.#lingering.add(socket);
    const cancel = this.#clock.after(LINGER_MS, () => void socket.destroy());
    socket.once('close', () => {
      cancel();
      this.#lingering.delete(socket);
    });
  }

  /** Closes at once what lingers. */
  close(): void {
    for (const socket of this.#lingering) socket.destroy();
  }

  #of(socket: Duplex): ClientConnection | undefined {
    return this.#bySocket.get(socket);
  }

  #meet(socket: Socket): ClientConnection {
    const connection: ClientConnection = {
      socket,
      exchanges: [],
      isLast: false,
      isSurplus: false,
      isClosed: false,
      idleFrom: undefined,
      quietMs: 0,
      quietFrom: 0,
      older: undefined,
      newer: undefined,
    };
    this.#bySocket.set(socket, connection);
    this.#all.add(connection);
    return connection;
  }

  #startNext(next: Exchange): void {
    const start = this.#waiting.get(next);
    this.#waiting.delete(next);
    start?.();
  }

  #forgetIfOver(connection: ClientConnection): void {
    if (connection.isClosed && connection.exchanges.length === 0) this.#all.delete(connection);
  }
}
