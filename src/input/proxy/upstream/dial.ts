import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Clock } from '../../../clock.ts';

/** Where a connection goes, and how. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls: TlsOptions | undefined;
}

/** In PEM; absent: the system's authorities, no client certificate. */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;

export interface Dialed {
  onSocket(socket: Duplex): void;
  onError(code: string, message: string): void;
}

export interface DialOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Opens connections to one target; TLS sessions are resumed. */
export function createDialer(target: DialTarget, { clock, timeoutMs }: DialOptions): (dialed: Dialed) => () => void {
  let session: Buffer | undefined;

  function open(): Duplex {
    const { host, port, tls } = target;
    if (tls === undefined) return connect({ host, port, noDelay: true });
    const options = { ...tls, host, port, ALPNProtocols: ['http/1.1'], ...(session && { session }) };
    const socket = connectTls({ ...options, ...(isName(host) && { servername: host }) });
    socket.setNoDelay(true);
    return socket.on('session', (ticket) => {
      session = ticket;
    });
  }

  return ({ onSocket, onError }) => {
    const socket = open();
    const settle = (): void => {
      cancel();
      for (const event of ['connect', 'secureConnect', 'error']) socket.removeAllListeners(event);
    };
    const fail = (code: string, message: string): void => {
      settle();
      // What else it has to say is of no interest, but unheard it would end the process.
      socket.on('error', () => undefined).destroy();
      onError(code, message);
    };
    const cancel = clock.after(timeoutMs, () => fail('connect_timeout', `no connection within ${timeoutMs} ms`));
    socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => {
      settle();
      onSocket(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.name, error.message));
    return () => {
      settle();
      socket.on('error', () => undefined).destroy();
    };
  };
}

/** SNI carries names, no addresses (RFC 6066 section 3). */
function isName(host: string): boolean {
  return !/^[\d.]+$/.test(host) && !host.includes(':');
}
