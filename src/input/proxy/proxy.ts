import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { EventSink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { Connections } from './connections.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import {
  BAD_TARGET,
  DRAINING,
  malformedRequest,
  NO_HOST,
  NO_TUNNEL,
  NO_UPGRADE,
  type OwnAnswer,
  wireForm,
} from './own-answer.ts';
import { createGuard } from './tap/guard.ts';
import {
  createUpstream,
  DEFAULT_TIMEOUTS,
  type Upstream,
  type UpstreamTarget,
  type UpstreamTimeouts,
} from './upstream/upstream.ts';

/** A reverse proxy in front of one LLM API that counts what it forwards. */
export interface Proxy {
  /** Starts to accept; port 0 takes a free one. Rejects with Node's error (EADDRINUSE, EACCES). */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ host: string; port: number }>;
  /** New requests go to this upstream; those under way finish on the old one. */
  reconfigure(target: UpstreamTarget): void;
  /** Stops accepting and waits for what is under way, at most `deadlineMs`; what is left is then cut. All is counted. */
  drain(deadlineMs: number): Promise<void>;
  /** Cuts everything now; still, all is counted. */
  close(): Promise<void>;
}

export interface ProxyOptions {
  readonly upstream: UpstreamTarget;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeouts?: UpstreamTimeouts;
  /** Bound of a header section, the client's and the upstream's; above it 431 or 502. */
  readonly maxHeaderBytes?: number;
  /** Bound of a request body; above it 413. Bodies are never held in memory, so by default there is none. */
  readonly maxRequestBytes?: number;
  /** How long a client may take to send its headers; above it 408. */
  readonly headersTimeoutMs?: number;
}

/** Room for long cookies and keys, twice what nginx and most providers take (32 KiB). */
const MAX_HEADER_BYTES = 64 * 1024;
/** Slow headers are an attack (slowloris), slow bodies are not: there is no limit on the time a request takes. */
const HEADERS_TIMEOUT_MS = 60_000;
/** Longer than the 60 s of the load balancers in front of us, so that they and not we close an idle connection. */
const KEEP_ALIVE_MS = 75_000;

/** Builds the proxy; nothing is opened before `listen`. */
export function createProxy(options: ProxyOptions): Proxy {
  return new ProxyServer(options);
}

class ProxyServer implements Proxy {
  readonly #options: ProxyOptions;
  readonly #timeouts: UpstreamTimeouts;
  readonly #maxHeaderBytes: number;
  readonly #server: Server;
  readonly #context: ExchangeContext;
  readonly #running = new Set<Exchange>();
  readonly #connections: Connections;
  readonly #idle = Promise.withResolvers<void>();
  #upstream: Upstream;
  #draining = false;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
    this.#maxHeaderBytes = options.maxHeaderBytes ?? MAX_HEADER_BYTES;
    this.#upstream = this.#open(options.upstream);
    this.#connections = new Connections(options.clock);
    this.#context = {
      sink: options.sink,
      clock: options.clock,
      guard: createGuard(options.log),
      clientIdleMs: this.#timeouts.idleMs,
      maxRequestBytes: options.maxRequestBytes ?? Number.POSITIVE_INFINITY,
      isDraining: () => this.#draining,
      settled: (exchange) => this.#settled(exchange),
    };
    this.#server = this.#createServer();
  }

  async listen({ host, port }: { host: string; port: number }): Promise<{ host: string; port: number }> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen(port, host, resolve);
    await promise;
    this.#server.off('error', reject);
    this.#tellAcceptErrors();
    const address = this.#server.address();
    return address === null || typeof address === 'string'
      ? { host, port }
      : { host: address.address, port: address.port };
  }

  reconfigure(target: UpstreamTarget): void {
    const old = this.#upstream;
    this.#upstream = this.#open(target);
    old.close();
  }

  async drain(deadlineMs: number): Promise<void> {
    const closed = this.#stopListening();
    const cancel = this.#options.clock.after(deadlineMs, () => this.#stop());
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

  #open(target: UpstreamTarget): Upstream {
    return createUpstream({
      target,
      timeouts: this.#timeouts,
      maxHeaderBytes: this.#maxHeaderBytes,
      clock: this.#options.clock,
    });
  }

  /**
   * Each kind once: such a fault meets every connection that waits. Of one kind nothing is heard: without a free file
   * descriptor libuv closes what waits and tells nobody (uv__emfile_trick in src/unix/stream.c).
   */
  #tellAcceptErrors(): void {
    const told = new Set<string>();
    this.#server.on('error', (err) => {
      const kind = 'code' in err ? String(err.code) : err.name;
      if (told.has(kind)) return;
      told.add(kind);
      this.#options.log.error('the proxy cannot accept a connection; further errors of this kind are not logged', {
        err,
      });
    });
  }

  #createServer(): Server {
    const headersTimeout = this.#options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
    const server = createServer({
      maxHeaderSize: this.#maxHeaderBytes,
      requestTimeout: 0,
      headersTimeout,
      connectionsCheckingInterval: headersTimeout / 2,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // node would answer these itself, past our count.
      requireHostHeader: false,
      noDelay: true,
    });
    // node drops headers above a number silently; the bound in bytes is enough.
    server.maxHeadersCount = 0;
    server.on('connection', (socket) => this.#connections.add(socket));
    server.on('request', (request, response) => this.#handle(request, response));
    // An expectation other than 100-continue; node would answer 417, the upstream may know better.
    server.on('checkExpectation', (request, response) => this.#handle(request, response));
    server.on('connect', (_request, socket) => this.#refuseRaw(socket, NO_TUNNEL));
    server.on('clientError', (error, socket) => this.#clientError(error, socket));
    return server;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    // What follows the last answer of a connection gets none.
    if (!this.#connections.isOpen(request.socket)) return;
    const exchange = new Exchange({ context: this.#context, upstream: this.#upstream, request, response });
    this.#running.add(exchange);
    this.#connections.begin(exchange);
    const path = pathOf(request.url ?? '');
    const refusal = this.#refusalOf(request, path);
    if (refusal === undefined && path !== undefined) exchange.start(path);
    else exchange.refuse(refusal ?? BAD_TARGET);
  }

  #refusalOf({ headers, httpVersion }: IncomingMessage, path: string | undefined): OwnAnswer | undefined {
    if (this.#draining) return DRAINING;
    if (path === undefined) return BAD_TARGET;
    if (headers.host === undefined && httpVersion === '1.1') return NO_HOST;
    // Other upgrades (h2c) are offers that a server may ignore: RFC 9110 section 7.8.
    return headers.upgrade?.toLowerCase() === 'websocket' ? NO_UPGRADE : undefined;
  }

  #settled(exchange: Exchange): void {
    this.#running.delete(exchange);
    this.#connections.end(exchange);
    if (this.#draining && this.#running.size === 0) this.#idle.resolve();
  }

  /**
   * The parser gave up on a connection. In the middle of a request that is its end, and counted as such. After complete
   * requests (a body longer than its Content-Length says) those still get their answers; what follows is not read.
   */
  #clientError(error: Error, socket: Duplex): void {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const isMalformed = code.startsWith('HPE_') || code.startsWith('ERR_HTTP_');
    const exchanges = this.#connections.exchangesOf(socket);
    // What a refused client still sends is read and dropped: each piece is an error again.
    if (exchanges.length === 0 && !this.#connections.isOpen(socket)) return;
    const unread = exchanges.find((exchange) => !exchange.request.complete);
    this.#connections.refuseMore(socket);
    if (!isMalformed || socket.readableEnded || isUnused(socket)) socket.destroy();
    else if (unread !== undefined) unread.refuse(malformedRequest(code));
    else if (exchanges.length === 0) this.#refuseRaw(socket, malformedRequest(code));
  }

  /** Answers and counts a request for which node:http made no response object. */
  #refuseRaw(socket: Duplex, answer: OwnAnswer): void {
    const { clock, sink } = this.#options;
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const { provider } = this.#upstream;
    const { status: code, origin, code: errorCode, type, message } = answer;
    sink.open({ provider }).end({
      timeMs: clock.nowMs(),
      provider,
      code,
      origin,
      phase: 'request',
      error: { code: errorCode, type, message },
      attempt: 0,
      final: true,
    });
    socket.on('error', () => socket.destroy());
    socket.write(wireForm(answer));
    this.#connections.linger(socket);
  }

  #stopListening(): Promise<void> {
    this.#draining = true;
    if (this.#running.size === 0) this.#idle.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    // The callback's error says that it was not listening, which is what we want.
    this.#server.close(() => resolve());
    return promise;
  }

  #stop(): void {
    for (const exchange of [...this.#running]) exchange.stop();
    // What stop() wrote is with the kernel by then; who has not taken it has had its time.
    setImmediate(() => {
      this.#server.closeAllConnections();
      for (const exchange of [...this.#running]) exchange.clientGone();
    });
  }

  async #finish(closed: Promise<void>): Promise<void> {
    this.#server.closeAllConnections();
    this.#connections.close();
    await closed;
    this.#upstream.destroy();
  }
}

/** Whether the client never sent anything: a connection that was opened ahead of its use is no request. */
function isUnused(socket: Duplex): boolean {
  return 'bytesRead' in socket && socket.bytesRead === 0;
}

/** The path and query of a request target, in origin form or absolute form (RFC 9112 section 3.2). */
function pathOf(target: string): string | undefined {
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?#]+(.*)$/i.exec(target);
  if (absolute === null) return undefined;
  const rest = absolute[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
