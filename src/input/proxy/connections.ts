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
  /** Connections that take no further request; they close when those under way are over. */
  readonly #last = new WeakSet<Duplex>();
  /** Of these node:http does not know all: a refused tunnel is none of its connections any more. */
  readonly #lingering = new Set<Duplex>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(socket: Socket): void {
    const exchanges = new Set<Exchange>();
    this.#exchanges.set(socket, exchanges);
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      if ([...exchanges].every((exchange) => exchange.request.complete)) destroySoon();
      else this.linger(socket);
    };
    // With pipelining, older releases of node tell a response that waits behind another nothing of the connection's end.
    socket.once('close', () => {
      for (const exchange of [...exchanges]) exchange.clientGone();
    });
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

  begin(exchange: Exchange): void {
    this.#exchanges.get(exchange.request.socket)?.add(exchange);
  }

  end(exchange: Exchange): void {
    const { socket } = exchange.request;
    const exchanges = this.#exchanges.get(socket);
    exchanges?.delete(exchange);
    if (exchanges?.size === 0 && this.#last.has(socket)) socket.destroySoon();
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
