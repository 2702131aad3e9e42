import type { Duplex } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import { headerValue, headerValues } from '../../../provider/headers/parsed-headers.ts';
import type { ClientConnection, Running } from '../client/client-connection.ts';
import { headersForClient } from '../headers.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { AnswerHead, CallRequest } from '../upstream/call.ts';
import { joinBoth, type TunnelBreak } from './join.ts';

/** Offers that a server may pass over (RFC 9110 section 7.8): Java's HTTP client makes one with each request. */
const PASSED_OVER = /^(?:h2c?|http\/2(?:\.0)?|tls\/1\.[0-3])$/i;

/**
 * Whether a request asks for a protocol that is tunnelled; any other with an Upgrade is answered as if it had none. One with a body does not
 * ask, nor one of HTTP/1.0, which knows no such thing, nor one that does not say so about its connection (RFC 9110 section 7.8).
 */
export function wantsTunnel({
  headers,
  httpVersion,
  framing,
}: Pick<RequestHead, 'headers' | 'httpVersion' | 'framing'>): boolean {
  const upgrade = headerValue(headers, 'upgrade');
  if (upgrade === undefined || httpVersion !== '1.1' || framing.kind !== 'none') return false;
  return hasOption(headers) && !upgrade.split(',').every((name) => PASSED_OVER.test(name.trim()));
}

function hasOption(headers: readonly string[]): boolean {
  const options = headerValues(headers, 'connection').flatMap((value) => value.toLowerCase().split(','));
  return options.some((option) => option.trim() === 'upgrade');
}

/** The upstream's agreement. */
export interface Agreement {
  readonly head: AnswerHead;
  readonly socket: Duplex;
  /** What came behind its head. */
  readonly first: Buffer;
}

export interface TunnelOptions {
  readonly connection: Pick<ClientConnection<Running>, 'socket' | 'release'>;
  readonly request: Pick<RequestHead, 'headers'>;
  readonly clock: Clock;
  readonly idleMs: number;
}

/**
 * The client's side of a request for another protocol, WebSocket as a rule.
 *
 *   asked → 101: both connections are joined until both are closed
 *         → any other answer passes as an ordinary one, and the connection is closed behind it
 *
 * What the client says meanwhile waits. A client that ends its half before there is an answer has left, as nginx has it.
 */
export class Tunnel {
  readonly #options: TunnelOptions;
  #cut: (() => void) | undefined;

  constructor(options: TunnelOptions) {
    this.#options = options;
  }

  /** The same request with what an intermediary otherwise keeps to itself. */
  ask(call: CallRequest): CallRequest {
    const upgrade = headerValues(this.#options.request.headers, 'upgrade').join(', ');
    return { ...call, headers: [...call.headers, 'connection', 'Upgrade', 'upgrade', upgrade] };
  }

  /** Tells the client and joins both sides; `onOver` is called once. */
  open({ head, socket, first }: Agreement, onOver: (broken: TunnelBreak | undefined) => void): void {
    const { connection, clock, idleMs } = this.#options;
    const client = connection.socket;
    const early = connection.release();
    client.write(headText(head), 'latin1');
    if (first.length > 0) client.write(first);
    if (early.length > 0) socket.write(early);
    this.#cut = joinBoth({ client, upstream: socket, clock, idleMs, onOver });
  }

  /** Nothing of it is left after this. */
  close(): void {
    this.#cut?.();
  }
}

/** A 101 is about this connection and the next, so what is said about the next is said here again. */
function headText({ status, reason, headers }: AnswerHead): string {
  const upgrade = headerValue(headers, 'upgrade') ?? '';
  const all = ['Upgrade', upgrade, 'Connection', 'Upgrade', ...headersForClient(headers)];
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let at = 0; at + 1 < all.length; at += 2) text += `${all[at]}: ${all[at + 1]}\r\n`;
  return `${text}\r\n`;
}
