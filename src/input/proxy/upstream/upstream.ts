import type { Clock } from '../../../clock.ts';
import type { Call, CallHandler, CallRequest } from './call.ts';
import type { AnswerTimeouts } from './connection.ts';
import { ConnectionPool } from './connection-pool.ts';
import { createDialer, type DialOptions } from './dial.ts';
import type { Names } from './names.ts';
import type { ProxyServer } from './proxy-server.ts';
import type { TlsOptions } from './tls-client.ts';

/** Where requests go, and the name it has in metrics. */
export interface UpstreamTarget {
  /** Scheme, host and base path: `https://api.novita.ai/openai`. A query or fragment is ignored. */
  readonly url: string;
  readonly provider: string;
  readonly tls?: TlsOptions | undefined;
  /** A forward proxy on the way; absent: none. */
  readonly proxy?: ProxyServer | undefined;
}

export interface UpstreamTimeouts extends AnswerTimeouts {
  readonly connectMs: number;
}

export const DEFAULT_TIMEOUTS: UpstreamTimeouts = { connectMs: 60_000, headersMs: 600_000, idleMs: 300_000 };

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
  /** Shared by all upstreams: many may be behind one name, such as that of a forward proxy. */
  readonly names: Names;
  readonly onLack?: DialOptions['onLack'];
}

/** Sending these twice does what sending them once does (RFC 9110 section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * HTTP/1.1 only, one request at a time on each connection: HTTP/2 has no reason phrase, and the answer would not pass untouched.
 *
 * A server may close a kept connection just as a request is sent on it. Two things keep that from the client. A request waits for the turn
 * of the event loop to end, and takes a connection then: closes that have reached us are known by that time. And one that still meets a
 * close, before any byte of an answer, goes out once more on a fresh connection, but only if it may be sent twice and is still at hand
 * (RFC 9112 section 9.3.1): a POST is not, for the answer may have been on its way, and an LLM would be paid twice. nginx does the same.
 *
 * Throws Node's error for a certificate, key or authority that it cannot read.
 */
export function createUpstream({ target, timeouts, maxHeaderBytes, ...context }: UpstreamOptions): Upstream {
  const url = new URL(target.url);
  const isTls = url.protocol === 'https:';
  const dial = createDialer(
    {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || (isTls ? 443 : 80)),
      tls: isTls ? (target.tls ?? {}) : undefined,
      proxy: target.proxy,
    },
    { ...context, timeoutMs: timeouts.connectMs },
  );
  const pool = new ConnectionPool({ timeouts, clock: context.clock, maxHeadBytes: maxHeaderBytes });
  const dialing = new Set<Sending>();
  /** Requests that wait for the turn to end. */
  let turn: Sending[] = [];

  function sendOnFresh(request: CallRequest, handler: CallHandler): Call {
    const sending = new Sending(request, handler);
    const stop = dial({
      onSocket(socket) {
        dialing.delete(sending);
        sending.found(pool.add(socket).send(request, handler));
      },
      onError(code, message) {
        dialing.delete(sending);
        handler.onError(code, message);
      },
    });
    dialing.add(sending);
    sending.stop = () => {
      dialing.delete(sending);
      stop();
    };
    return sending;
  }

  function sendOnKept(request: CallRequest, handler: CallHandler): Call {
    const sending = new Sending(request, handler);
    if (turn.length === 0) setImmediate(endTurn);
    turn.push(sending);
    return sending;
  }

  function endTurn(): void {
    const due = turn;
    turn = [];
    for (const sending of due) if (!sending.isAborted) sending.found(sendNow(sending));
  }

  function sendNow(sending: Sending): Call {
    const { request, handler } = sending;
    const again = mayGoTwice(request) ? () => sending.found(sendOnFresh(request, handler)) : undefined;
    return pool.take()?.send(request, handler, again) ?? sendOnFresh(request, handler);
  }

  return {
    provider: target.provider,
    host: url.host,
    basePath: url.pathname.replace(/\/+$/, ''),
    send(request, handler) {
      const sent = target.proxy !== undefined && !isTls ? throughProxy(request, url, target.proxy) : request;
      return pool.hasIdle ? sendOnKept(sent, handler) : sendOnFresh(sent, handler);
    },
    close: () => pool.close(),
    destroy() {
      for (const sending of [...turn, ...dialing]) sending.abort();
      pool.destroy();
    },
  };
}

/** A request on its way to a connection, and then the call that it became. */
class Sending implements Call {
  readonly request: CallRequest;
  readonly handler: CallHandler;
  /** Ends the search for a connection. */
  stop: (() => void) | undefined;
  isAborted = false;
  #call: Call | undefined;

  constructor(request: CallRequest, handler: CallHandler) {
    this.request = request;
    this.handler = handler;
  }

  found(call: Call): void {
    this.#call = call;
    this.stop = undefined;
    // The handler may have given it up on hearing of the connection.
    if (this.isAborted) call.abort();
  }

  resume(): void {
    this.#call?.resume();
  }

  abort(): void {
    this.isAborted = true;
    this.stop?.();
    this.#call?.abort();
  }
}

function mayGoTwice({ method, body }: CallRequest): boolean {
  return IDEMPOTENT.has(method) && (body === undefined || Buffer.isBuffer(body));
}

/** A proxy for plain HTTP is told the whole URL, with each request (RFC 9112 section 3.2.2). */
function throughProxy(request: CallRequest, { origin }: URL, { authorization }: ProxyServer): CallRequest {
  const headers = authorization === undefined ? [] : ['proxy-authorization', authorization];
  const target = request.target === '*' ? origin : `${origin}${request.target}`;
  return { ...request, target, headers: [...request.headers, ...headers] };
}
