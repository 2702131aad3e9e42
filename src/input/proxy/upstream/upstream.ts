import type { Clock } from '../../../clock.ts';
import type { Call, CallHandler, CallRequest } from './call.ts';
import { type AnswerTimeouts, Connection } from './connection.ts';
import { createDialer, type TlsOptions } from './dial.ts';

/** Where requests go, and the name it has in metrics. */
export interface UpstreamTarget {
  /** Scheme, host and base path: `https://api.novita.ai/openai`. A query or fragment is ignored. */
  readonly url: string;
  readonly provider: string;
  readonly tls?: TlsOptions | undefined;
}

export interface UpstreamTimeouts extends AnswerTimeouts {
  readonly connectMs: number;
}

export const DEFAULT_TIMEOUTS: UpstreamTimeouts = { connectMs: 10_000, headersMs: 600_000, idleMs: 300_000 };

/** One API and the connections to it. */
export interface Upstream {
  readonly provider: string;
  /** For the Host header. */
  readonly host: string;
  /** Goes in front of the request path; empty or without a final slash. */
  readonly basePath: string;
  /** Sends one request on a connection of its own. */
  send(request: CallRequest, handler: CallHandler): Call;
  /** Takes no more requests; those under way finish. */
  close(): void;
  /** Ends everything without a word to the handlers. */
  destroy(): void;
}

export interface UpstreamOptions {
  readonly target: UpstreamTarget;
  readonly timeouts: UpstreamTimeouts;
  readonly maxHeaderBytes: number;
  readonly clock: Clock;
}

/** Idle connections that are kept for reuse; above it they are closed. */
const MAX_IDLE_CONNECTIONS = 256;

interface Idle {
  readonly connection: Connection;
  readonly cancel: () => void;
}

/**
 * A stack of connections, one request at a time each: the one that came back last goes out first, so that those not needed stay idle
 * and are closed in time. HTTP/1.1 only: HTTP/2 has no reason phrase, and the answer would not pass untouched.
 */
export function createUpstream({ target, timeouts, maxHeaderBytes, clock }: UpstreamOptions): Upstream {
  const url = new URL(target.url);
  const isTls = url.protocol === 'https:';
  const dial = createDialer(
    {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || (isTls ? 443 : 80)),
      tls: isTls ? (target.tls ?? {}) : undefined,
    },
    { clock, timeoutMs: timeouts.connectMs },
  );
  const all = new Set<Connection>();
  const idle: Idle[] = [];
  const dialing = new Set<() => void>();
  let closed = false;

  function rest(connection: Connection, keepMs: number): void {
    if (closed || idle.length >= MAX_IDLE_CONNECTIONS) {
      connection.destroy();
      return;
    }
    idle.push({ connection, cancel: clock.after(keepMs, () => connection.destroy()) });
  }

  function takeIdle(): Connection | undefined {
    for (;;) {
      const kept = idle.pop();
      kept?.cancel();
      // A connection that has closed leaves the stack a moment later.
      if (kept === undefined || kept.connection.isOpen) return kept?.connection;
    }
  }

  function forget(connection: Connection): void {
    all.delete(connection);
    const at = idle.findIndex((entry) => entry.connection === connection);
    if (at !== -1) idle.splice(at, 1)[0]?.cancel();
  }

  function open(request: CallRequest, handler: CallHandler): Call {
    let call: Call | undefined;
    const abort = dial({
      onSocket(socket) {
        dialing.delete(abort);
        const connection: Connection = new Connection({
          ...{ socket, timeouts, clock, maxHeadBytes: maxHeaderBytes },
          onIdle: (keepMs) => rest(connection, keepMs),
          onClosed: () => forget(connection),
        });
        all.add(connection);
        call = connection.send(request, handler);
      },
      onError(code, message) {
        dialing.delete(abort);
        handler.onError(code, message);
      },
    });
    dialing.add(abort);
    return {
      resume: () => call?.resume(),
      abort() {
        if (dialing.delete(abort)) abort();
        call?.abort();
      },
    };
  }

  return {
    provider: target.provider,
    host: url.host,
    basePath: url.pathname.replace(/\/+$/, ''),
    send(request, handler) {
      const kept = takeIdle();
      return kept === undefined ? open(request, handler) : kept.send(request, handler);
    },
    close() {
      closed = true;
      for (const { connection } of idle.splice(0)) connection.destroy();
    },
    destroy() {
      closed = true;
      for (const abort of dialing) abort();
      for (const connection of all) connection.destroy();
    },
  };
}
