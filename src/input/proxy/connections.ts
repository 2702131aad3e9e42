import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { type Exchange, LINGER_MS } from './exchange.ts';

/**
 * The clients' connections and what is under way on each: with pipelining there may be several exchanges.
 *
 * A connection closes gently. node:http destroys it behind its last answer, and under a client that is still sending that
 * is a reset, which can take the answer away before it is read; so only our half is closed then, and the rest when the
 * client has sent everything, has closed its own half, or has had its time (RFC 9112 section 9.6).
 */
export class Connections {
  readonly #clock: Clock;
  readonly #exchanges = new WeakMap<Duplex, Set<Exchange>>();
  /** Exchanges behind others on their connections, and what starts them. */
  readonly #waiting = new WeakMap<Exchange, () => void>();
  /** Connections that take no further request; they close when those under way are over. */
  readonly #last = new WeakSet<Duplex>();
  /** Connections above the limit. */
  readonly #surplus = new WeakSet<Duplex>();
  /** Connections between two requests, the longest idle first, and what they had read by then. */
  readonly #idle = new Map<Socket, number>();
  /** Of these node:http does not know all: a refused tunnel is none of its connections any more. */
  readonly #lingering = new Set<Duplex>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(socket: Socket): void {
    const exchanges = new Set<Exchange>();
    this.#exchanges.set(socket, exchanges);
    this.#count += 1;
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      if ([...exchanges].every((exchange) => exchange.request.complete)) destroySoon();
      else this.linger(socket);
    };
    // With pipelining, older releases of node tell a response that waits behind another nothing of the connection's end.
    socket.once('close', () => {
      this.#count -= 1;
      this.#idle.delete(socket);
      for (const exchange of [...exchanges]) exchange.clientGone();
    });
  }

  /** Those that are open. */
  get count(): number {
    return this.#count;
  }

  /** This one came when there were too many; an idle one makes room, if there is one. */
  addSurplus(socket: Duplex): void {
    this.#surplus.add(socket);
    for (const [idle, bytesRead] of this.#idle) {
      // On one that has read more, a request is on its way.
      if (idle.bytesRead !== bytesRead) continue;
      this.#idle.delete(idle);
      idle.destroy();
      return;
    }
  }

  isSurplus(socket: Duplex): boolean {
    return this.#surplus.has(socket);
  }

  /** What is under way, the oldest first. */
  exchangesOf(socket: Duplex): readonly Exchange[] {
    return [...(this.#exchanges.get(socket) ?? [])];
  }

  /** Whether a request on it is still answered. */
  isOpen(socket: Duplex): boolean {
    return !this.#last.has(socket);
  }

  /** Takes no further request on this connection. */
  refuseMore(socket: Duplex): void {
    this.#last.add(socket);
  }

  /**
   * Starts it when it is its turn: requests that come behind one another are served so (RFC 9112 section 9.3.2), or a POST could be overtaken
   * by the GET that asks what became of it.
   */
  begin(exchange: Exchange, start: () => void): void {
    this.#idle.delete(exchange.request.socket);
    this.#exchanges.get(exchange.request.socket)?.add(exchange);
    if (this.isFirst(exchange)) start();
    else this.#waiting.set(exchange, start);
  }

  /** Whether it is its turn. */
  isFirst(exchange: Exchange): boolean {
    const [first = exchange] = this.#exchanges.get(exchange.request.socket) ?? [];
    return first === exchange;
  }

  end(exchange: Exchange): void {
    const { socket } = exchange.request;
    const exchanges = this.#exchanges.get(socket);
    exchanges?.delete(exchange);
    const [next] = exchanges ?? [];
    if (next !== undefined && socket.writable) this.#startNext(next);
    if (exchanges?.size !== 0) return;
    if (this.#last.has(socket)) socket.destroySoon();
    else if (!socket.destroyed) this.#idle.set(socket, socket.bytesRead);
  }

  #startNext(next: Exchange): void {
    const start = this.#waiting.get(next);
    this.#waiting.delete(next);
    start?.();
  }

  /** Closes our half now, and the rest a little later. */
  linger(socket: Duplex): void {
    this.#last.add(socket);
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
}
