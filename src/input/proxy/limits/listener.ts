import { createServer, type Server, type Socket } from 'node:net';
import {
  createSecureContext,
  createServer as createSecureServer,
  type SecureContextOptions,
  Server as TlsServer,
} from 'node:tls';

/** Who the listener says it is, in PEM: the whole chain, and the key of its first certificate. */
export type ListenerTls = Required<Pick<SecureContextOptions, 'cert' | 'key'>>;

export interface ListenerOptions {
  readonly handshakeTimeoutMs: number;
  /** Absent: plain TCP. */
  readonly tls: ListenerTls | undefined;
  /** A connection on which requests will come. */
  readonly onConnection: (socket: Socket) => void;
}

export interface Listener {
  readonly server: Server;
  /** Ends those connections that are not so far that anybody heard of them. */
  closeHandshakes(): void;
}

/** Longer than the 60 s of the load balancers in front of us, so that they and not we close an idle connection. Clients are told it. */
export const KEEP_ALIVE_MS = 75_000;

/** A client may close its half and still wait for its answer to arrive, and tunnels end so; small answers wait for nothing. */
const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true };

/** Makes the server that clients connect to, with or without TLS. Throws Node's error for a certificate or key of no use. */
export function createListener({ handshakeTimeoutMs, tls, onConnection }: ListenerOptions): Listener {
  if (tls === undefined) {
    return { server: createServer(SOCKET_OPTIONS, onConnection), closeHandshakes: () => undefined };
  }
  const options = { ...SOCKET_OPTIONS, ...tls, ALPNProtocols: ['http/1.1'], handshakeTimeout: handshakeTimeoutMs };
  const server = createSecureServer(options, onConnection);
  // One that fails is closed by node, and is nobody's request.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const shaking = new Set<Socket>();
  server.on('connection', (socket) => {
    shaking.add(socket);
    socket.once('close', () => shaking.delete(socket));
  });
  return {
    server,
    closeHandshakes() {
      for (const socket of shaking) socket.destroy();
    },
  };
}

/** New connections get this certificate; those that stand keep theirs. Throws Node's error for one of no use, and changes nothing then. */
export function setCertificate(server: Server, tls: ListenerTls | undefined): void {
  if (tls === undefined || !(server instanceof TlsServer)) return;
  createSecureContext(tls);
  server.setSecureContext(tls);
}
