import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import { headersForClient } from '../headers.ts';
import type { AnswerHead, CallRequest } from '../upstream/call.ts';
import { joinBoth, type TunnelBreak } from './join.ts';

/** What a client may say before it knows that the upstream agrees; the rest waits in the system. */
const MAX_EARLY_BYTES = 64 * 1024;
/** Offers that a server may pass over (RFC 9110 section 7.8): Java's HTTP client makes one with each request. */
const PASSED_OVER = /^(?:h2c?|http\/2(?:\.0)?|tls\/1\.[0-3])$/i;

/** Whether a request asks for a protocol that is tunnelled. One with a body does not, nor one of HTTP/1.0, which knows no such thing. */
export function wantsTunnel({ headers, httpVersion }: IncomingMessage): boolean {
  const { upgrade = '' } = headers;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  return httpVersion === '1.1' && !hasBody && !upgrade.split(',').every((name) => PASSED_OVER.test(name.trim()));
}

/** The upstream's agreement. */
export interface Agreement {
  readonly head: AnswerHead;
  readonly socket: Duplex;
  /** What came behind its head. */
  readonly first: Buffer;
}

export interface TunnelOptions {
  readonly request: IncomingMessage;
  /** The client's connection, which node:http has let go of. */
  readonly client: Duplex;
  /** What came behind the request. */
  readonly first: Buffer;
  readonly clock: Clock;
  readonly idleMs: number;
  /** Closes the client's connection gently. */
  linger(): void;
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
  /** For an answer that is no agreement. */
  readonly response: ServerResponse;
  readonly #options: TunnelOptions;
  readonly #early: Buffer[];
  #earlyBytes: number;
  #isAnswered = false;
  #cut: (() => void) | undefined;

  constructor(options: TunnelOptions) {
    const { request, client, first } = options;
    this.#options = options;
    this.#early = first.length > 0 ? [first] : [];
    this.#earlyBytes = first.length;
    this.response = new ServerResponse(request);
    this.response.shouldKeepAlive = false;
    // The type is narrower than what it takes: TLS is fine, too, and both are sockets of node's.
    this.response.assignSocket(request.socket);
    this.response.once('finish', this.#answered);
    client.on('error', () => client.destroy());
    client.on('data', this.#hold).on('end', this.#leaves).on('drain', this.#drains);
  }

  /** The same request with what an intermediary otherwise keeps to itself. */
  ask(call: CallRequest): CallRequest {
    const upgrade = this.#options.request.headers.upgrade ?? '';
    return { ...call, headers: [...call.headers, 'connection', 'Upgrade', 'upgrade', upgrade] };
  }

  /** Tells the client and joins both sides; `onOver` is called once. */
  open({ head, socket, first }: Agreement, onOver: (broken: TunnelBreak | undefined) => void): void {
    const { client, clock, idleMs } = this.#options;
    client.off('data', this.#hold).off('end', this.#leaves).off('drain', this.#drains);
    client.write(headText(head), 'latin1');
    if (first.length > 0) client.write(first);
    for (const piece of this.#early) socket.write(piece);
    this.#cut = joinBoth({ client, upstream: socket, clock, idleMs, onOver });
  }

  /** Nothing of it is left after this, but an answer on its way to the client. */
  close(): void {
    this.#cut?.();
    if (!this.#isAnswered) this.#options.client.destroy();
  }

  readonly #hold = (piece: Buffer): void => {
    this.#early.push(piece);
    this.#earlyBytes += piece.length;
    if (this.#earlyBytes >= MAX_EARLY_BYTES) this.#options.client.pause();
  };

  readonly #leaves = (): void => {
    if (!this.#isAnswered) this.#options.client.destroy();
  };

  readonly #drains = (): void => void this.response.emit('drain');

  /** What node:http does behind an answer on a connection that is its own. */
  readonly #answered = (): void => {
    const { client, request, linger } = this.#options;
    this.#isAnswered = true;
    client.off('data', this.#hold).resume();
    this.response.detachSocket(request.socket);
    linger();
    this.response.emit('close');
  };
}

/** A 101 is about this connection and the next, so what is said about the next is said here again. */
function headText({ status, reason, headers }: AnswerHead): string {
  const upgrade = headers.find((_, at) => at % 2 === 1 && /^upgrade$/i.test(headers[at - 1] ?? '')) ?? '';
  const all = ['Upgrade', upgrade, 'Connection', 'Upgrade', ...headersForClient(headers)];
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let at = 0; at + 1 < all.length; at += 2) text += `${all[at]}: ${all[at + 1]}\r\n`;
  return `${text}\r\n`;
}
