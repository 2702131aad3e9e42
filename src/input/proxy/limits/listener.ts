import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, Server as TlsServer } from 'node:tls';

/** Who the listener says it is, in PEM: the whole chain, and the key of its first certificate. */
export type ListenerTls = Required<Pick<SecureContextOptions, 'cert' | 'key'>>;

export interface ListenerOptions {
  readonly maxHeaderBytes: number;
  /** For TLS, and then for a request's headers. */
  readonly headersTimeoutMs: number;
  /** Absent: plain HTTP. */
  readonly tls: ListenerTls | undefined;
  /** A connection on which requests will come. */
  readonly onConnection: (socket: Socket) => void;
  /** Whether a request leaves HTTP if it may; any other with an Upgrade is answered as if it had none. */
  readonly wantsUpgrade: (request: IncomingMessage) => boolean;
}

/** Longer than the 60 s of the load balancers in front of us, so that they and not we close an idle connection. Clients are told it. */
export const KEEP_ALIVE_MS = 75_000;

/** node:http leaves connections half-open, and tunnels need it; node:https does not by itself. */
const TLS_OPTIONS = { allowHalfOpen: true, ALPNProtocols: ['http/1.1'] };

/** Makes the server that clients connect to, HTTP/1 with or without TLS. Throws Node's error for a certificate or key of no use. */
export function createListener(options: ListenerOptions): Server {
  const { headersTimeoutMs, tls, onConnection } = options;
  const http: ServerOptions = {
    maxHeaderSize: options.maxHeaderBytes,
    requestTimeout: 0,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: headersTimeoutMs / 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // node would answer these itself, past our count.
    requireHostHeader: false,
    shouldUpgradeCallback: options.wantsUpgrade,
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createServer(http).on('connection', onConnection)
      : createSecureServer({ ...http, ...tls, ...TLS_OPTIONS, handshakeTimeout: headersTimeoutMs });
  if (tls !== undefined) {
    server.on('secureConnection', onConnection);
    closeHandshakes(server);
  }
  // node drops headers above a number silently; the bound in bytes is enough.
  server.maxHeadersCount = 0;
  return server;
}

/** New connections get this certificate; those that stand keep theirs. Throws Node's error for one of no use, and changes nothing then. */
export function setCertificate(server: Server, tls: ListenerTls | undefined): void {
  if (tls === undefined || !(server instanceof TlsServer)) return;
  createSecureContext(tls);
  server.setSecureContext(tls);
}

/** node:http knows a connection once TLS stands; those that are not so far would keep a server from closing. */
function closeHandshakes(server: Server): void {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  const closeAll = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAll();
    for (const socket of connections) socket.destroy();
  };
}
