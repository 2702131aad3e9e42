import type { EventEmitter } from 'node:events';
import { Client, type Dispatcher } from 'undici';
import type { Log } from '../../log.ts';

/** Where requests go, and the name it has in metrics. */
export interface UpstreamTarget {
  /** Scheme, host and base path: `https://api.novita.ai/openai`. A query or fragment is ignored. */
  readonly url: string;
  readonly provider: string;
}

/** How long the upstream may stay silent. LLM answers take minutes, so these only catch what is dead. */
export interface UpstreamTimeouts {
  readonly connectMs: number;
  /** From the request's last byte to the answer's headers. */
  readonly headersMs: number;
  /** Between two chunks of the answer. */
  readonly idleMs: number;
}

export const DEFAULT_TIMEOUTS: UpstreamTimeouts = { connectMs: 10_000, headersMs: 600_000, idleMs: 300_000 };

/** Connections to one upstream. */
export interface Upstream {
  readonly provider: string;
  /** For the Host header. */
  readonly host: string;
  /** Goes in front of the request path; empty or without a final slash. */
  readonly basePath: string;
  /** Sends one request on a connection of its own; the lease ends with the request. */
  acquire(): Lease;
  /** Takes no more requests; those under way finish. */
  close(): Promise<void>;
  /** Cuts every request that is under way. */
  destroy(): Promise<void>;
}

export interface Lease {
  send(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** Gives the connection back; to be called once, after the request has ended. */
  release(): void;
}

/** Idle connections that are kept for reuse; above it they are closed. */
const MAX_IDLE_CONNECTIONS = 256;

/**
 * A stack of undici clients, one connection and one request at a time each. undici's own Pool looks through all its
 * clients on every request, which with thousands of open streams costs more than the request itself; this takes the last
 * one that came back. HTTP/1.1 only: HTTP/2 has no reason phrase, and the answer would not pass untouched.
 * undici closes an idle connection after 4 s, before common servers do (Node 5 s, nginx 75 s), which keeps the race of a
 * request against the server's close rare.
 */
export function createUpstream({
  target,
  timeouts,
  maxHeaderBytes,
  log,
}: {
  readonly target: UpstreamTarget;
  readonly timeouts: UpstreamTimeouts;
  readonly maxHeaderBytes: number;
  readonly log: Log;
}): Upstream {
  const url = new URL(target.url);
  const all = new Set<Client>();
  const idle: Client[] = [];
  let closed = false;

  function open(): Client {
    const client = new Client(url.origin, {
      pipelining: 1,
      allowH2: false,
      connect: { timeout: timeouts.connectMs },
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
      maxHeaderSize: maxHeaderBytes,
    });
    // undici says here that a handler threw while it was told of an error; unheard, that would end the process.
    // Its types name only the documented events, but a Client is an EventEmitter, so the cast is safe.
    (client as EventEmitter).on('error', (err: unknown) =>
      log.error('an exchange could not handle the end of its request', { err }),
    );
    all.add(client);
    return client;
  }

  function release(client: Client): void {
    if (!closed && idle.length < MAX_IDLE_CONNECTIONS) {
      idle.push(client);
      return;
    }
    all.delete(client);
    client.close(() => undefined);
  }

  return {
    provider: target.provider,
    host: url.host,
    basePath: url.pathname.replace(/\/+$/, ''),
    acquire() {
      const client = idle.pop() ?? open();
      return {
        send: (options, handler) => void client.dispatch(options, handler),
        release: () => release(client),
      };
    },
    async close() {
      closed = true;
      await Promise.all(idle.splice(0).map((client) => client.close()));
    },
    async destroy() {
      closed = true;
      await Promise.all([...all].map((client) => client.destroy()));
    },
  };
}
