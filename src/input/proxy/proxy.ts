import type { Server, Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import type { ProxySink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import type { ClientConnection } from './client/client-connection.ts';
import type { ClientRequest } from './client/client-request.ts';
import { Connections } from './client/connections.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import { tellAcceptErrors } from './limits/accept-errors.ts';
import type { Lack } from './limits/lack.ts';
import { createListener, type Listener, type ListenerTls, setCertificate } from './limits/listener.ts';
import { answerRaw } from './limits/raw-answer.ts';
import { createSeldom } from './limits/seldom.ts';
import { refusalOfMalformed } from './limits/strictness.ts';
import { DRAINING, LACKING, NO_TUNNEL, type OwnAnswer, TOO_MANY_CONNECTIONS } from './own-answer.ts';
import type { RouteSpec, SharedLimits } from './routing/route.ts';
import { createRouter, type Router } from './routing/router.ts';
import { createGuard, type Guard } from './tap/guard.ts';
import { Tunnel, wantsTunnel } from './tunnel/tunnel.ts';
import { createNames, type SystemLookup } from './upstream/names.ts';
import { DEFAULT_TIMEOUTS, type UpstreamTimeouts } from './upstream/upstream.ts';

/** A reverse proxy in front of LLM APIs that counts what it forwards. */
export interface Proxy {
  /** Starts to accept; port 0 takes a free one. Rejects with Node's error (EADDRINUSE, EACCES). */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ host: string; port: number }>;
  /**
   * New requests go by these settings; those under way finish by the old ones. An upstream that stays keeps its connections, its queue and its
   * budget of retries.
   */
  reconfigure(settings: ProxySettings): void;
  /** Stops accepting and waits for what is under way, at most `deadlineMs`; what is left is then cut. All is counted. */
  drain(deadlineMs: number): Promise<void>;
  /** Cuts everything now; still, all is counted. */
  close(): Promise<void>;
}

/** What a reload can change. */
export interface ProxySettings {
  /** In the order in which they are matched. */
  readonly upstreams: readonly RouteSpec[];
  /** Bound of a request body; above it 413. Bodies are never held in memory, so by default there is none. */
  readonly maxRequestBytes?: number | undefined;
  /** Bound of the clients' connections; requests on those above it get 503. */
  readonly maxConnections?: number | undefined;
  /** Connections above those that are still heard out, so that they can be told; what comes on top of these is closed unheard. */
  readonly maxSurplusConnections?: number | undefined;
  /** Tells the cause of an upstream's error in a header, too. */
  readonly hasCauseHeader?: boolean | undefined;
  /** Clients connect with TLS; that they do cannot change with a reload, but the certificate can. */
  readonly tls?: ListenerTls | undefined;
}

export interface ProxyOptions extends ProxySettings {
  readonly sink: ProxySink;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeouts?: ProxyTimeouts;
  /** Bound of a header section, the client's and the upstream's; above it 431 or 502. */
  readonly maxHeaderBytes?: number;
  /** Finds addresses of names; absent: as every program of this machine does. */
  readonly lookup?: SystemLookup | undefined;
  /** Absent: no other process serves the same port. */
  readonly shared?: SharedLimits | undefined;
}

export interface ProxyTimeouts extends UpstreamTimeouts {
  /** For a client to send its headers, and between two pieces of its body; above it 408. Both are what slowloris attacks live of. */
  readonly requestMs?: number | undefined;
  /** Of a whole exchange; absent: none. */
  readonly totalMs?: number | undefined;
}

/** Room for long cookies and keys, twice what nginx and most providers take (32 KiB). */
const MAX_HEADER_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;
const MAX_SURPLUS_CONNECTIONS = 256;

/**
 * Connections that may wait to be accepted, as far as the system lets them (net.core.somaxconn). Node's own 511 overflow when some thousand
 * clients come at once, and one that was dropped tries again after 1, 3, 7 s, or takes a minute to hear of it.
 */
const BACKLOG = 4096;

/** Builds the proxy; nothing is opened before `listen`. */
export function createProxy(options: ProxyOptions): Proxy {
  return new ProxyServer(options);
}

class ProxyServer implements Proxy {
  readonly #options: ProxyOptions;
  readonly #timeouts: ProxyTimeouts;
  readonly #listener: Listener;
  readonly #server: Server;
  readonly #context: ExchangeContext;
  readonly #connections: Connections<Exchange>;
  readonly #idle = Promise.withResolvers<void>();
  readonly #router: Router;
  readonly #guard: Guard;
  #settings: ProxySettings;
  #draining = false;

  constructor(options: ProxyOptions) {
    const { clock, log, sink, maxHeaderBytes = MAX_HEADER_BYTES } = options;
    const timeouts: ProxyTimeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
    const { requestMs = REQUEST_TIMEOUT_MS } = timeouts;
    this.#options = options;
    this.#timeouts = timeouts;
    this.#settings = options;
    this.#guard = createGuard(log, sink.taps());
    const names = createNames({ clock, log, system: options.lookup });
    const onLack = createSeldom(clock, (times, lack: Lack, err: string) =>
      log.error(LACKING[lack].message, { err, times }),
    );
    const context = { ...options, timeouts, maxHeaderBytes, names, onLack, guard: this.#guard };
    this.#router = createRouter(options.upstreams, context);
    this.#connections = new Connections({
      ...{ clock, maxHeadBytes: maxHeaderBytes, requestMs },
      onRequest: (connection, request) => this.#serve(connection, request),
      onMalformed: (connection, answer) => this.#refuseRaw(connection, answer),
    });
    this.#context = this.#createContext();
    this.#listener = createListener({
      handshakeTimeoutMs: requestMs,
      tls: options.tls,
      onConnection: (socket) => this.#accept(socket),
    });
    this.#server = this.#listener.server;
    this.#limitConnections();
  }

  async listen({ host, port }: { host: string; port: number }): Promise<{ host: string; port: number }> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen({ port, host, backlog: BACKLOG }, resolve);
    await promise;
    this.#server.off('error', reject);
    tellAcceptErrors(this.#server, this.#options);
    const address = this.#server.address();
    return address === null || typeof address === 'string'
      ? { host, port }
      : { host: address.address, port: address.port };
  }

  reconfigure(settings: ProxySettings): void {
    setCertificate(this.#server, settings.tls);
    this.#router.reconfigure(settings.upstreams);
    this.#settings = settings;
    this.#limitConnections();
  }

  async drain(deadlineMs: number): Promise<void> {
    const closed = this.#stopListening();
    const cancel = this.#options.clock.after(deadlineMs, () => {
      const requests = this.#connections.runningCount;
      this.#options.log.warn('the time to drain is over: what is left is cut', { requests });
      this.#stop();
    });
    await this.#idle.promise;
    cancel();
    await this.#finish(closed);
  }

  async close(): Promise<void> {
    const closed = this.#stopListening();
    this.#stop();
    await this.#idle.promise;
    await this.#finish(closed);
  }

  #createContext(): ExchangeContext {
    const { sink, clock } = this.#options;
    return {
      ...{ sink, clock, guard: this.#guard },
      clientIdleMs: this.#timeouts.idleMs,
      totalMs: this.#timeouts.totalMs,
      maxRequestBytes: () => this.#settings.maxRequestBytes ?? Number.POSITIVE_INFINITY,
      hasCauseHeader: () => this.#settings.hasCauseHeader === true,
      isDraining: () => this.#draining,
      settled: (exchange) => this.#settled(exchange),
    };
  }

  /**
   * Node cannot leave connections waiting in the system's queue: it accepts whatever comes. So a connection above the limit takes the place of
   * an idle one, where there is one; where there is none, its first request is told to come back, which client libraries do by themselves, and
   * is counted. To close it unheard, as nginx does, would look like a fault of the network.
   */
  #accept(socket: Socket): void {
    const connection = this.#connections.add(socket);
    if (this.#connections.count > this.#maxConnections) this.#connections.addSurplus(connection);
  }

  get #maxConnections(): number {
    return this.#settings.maxConnections ?? Number.POSITIVE_INFINITY;
  }

  #limitConnections(): void {
    const { maxSurplusConnections = MAX_SURPLUS_CONNECTIONS } = this.#settings;
    this.#server.maxConnections = this.#maxConnections + maxSurplusConnections;
  }

  #serve(connection: ClientConnection<Exchange>, request: ClientRequest): void {
    if (request.method === 'CONNECT') {
      this.#refuseRaw(connection, NO_TUNNEL);
      return;
    }
    const routed = this.#router.find(request);
    const { clock } = this.#options;
    const isTunnel = wantsTunnel(request);
    const tunnel = isTunnel ? new Tunnel({ connection, request, clock, idleMs: this.#timeouts.idleMs }) : undefined;
    const exchange = new Exchange({ context: this.#context, routed, connection, request, tunnel });
    this.#connections.begin(connection, exchange);
    const malformed = this.#refusalOf(connection, request);
    if (malformed !== undefined) connection.refuseMore();
    const refusal = malformed ?? routed.refusal;
    if (connection.isClosed) exchange.clientGone();
    else if (refusal === undefined) exchange.start();
    else exchange.refuse(refusal);
  }

  /** Why no further request will be served on this connection either. */
  #refusalOf(connection: ClientConnection<Exchange>, request: ClientRequest): OwnAnswer | undefined {
    if (this.#draining) return DRAINING;
    if (connection.isSurplus && this.#connections.count > this.#maxConnections) return TOO_MANY_CONNECTIONS;
    return refusalOfMalformed(request);
  }

  #settled(exchange: Exchange): void {
    this.#connections.end(exchange.connection, exchange);
    if (this.#draining && this.#connections.runningCount === 0) this.#idle.resolve();
  }

  /** Answers and counts what is no request that could be served. */
  #refuseRaw(connection: ClientConnection<Exchange>, answer: OwnAnswer): void {
    const { clock, sink } = this.#options;
    answerRaw(connection.socket, answer, { sink, clock, guard: this.#guard, provider: this.#router.provider });
    connection.linger();
  }

  #stopListening(): Promise<void> {
    this.#draining = true;
    if (this.#connections.runningCount === 0) this.#idle.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    // The callback's error says that it was not listening, which is what we want.
    this.#server.close(() => resolve());
    this.#connections.closeIdle();
    return promise;
  }

  #stop(): void {
    for (const exchange of this.#connections.running()) exchange.stop();
    // What stop() wrote is with the kernel by then; who has not taken it has had its time.
    setImmediate(() => {
      this.#connections.closeAll();
      for (const exchange of this.#connections.running()) exchange.clientGone();
    });
  }

  async #finish(closed: Promise<void>): Promise<void> {
    this.#connections.closeAll();
    this.#listener.closeHandshakes();
    await closed;
    this.#router.destroy();
  }
}
