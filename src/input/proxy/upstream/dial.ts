import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../../clock.ts';
import { openTunnel } from './connect-tunnel.ts';
import type { ProxyServer } from './proxy-server.ts';
import { openDirect } from './reads.ts';
import { createTlsClient, type TlsOptions } from './tls-client.ts';

/** Where a connection goes, and how. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls: TlsOptions | undefined;
  /** Absent: directly. */
  readonly proxy?: ProxyServer | undefined;
}

export interface Dialed {
  onSocket(socket: Duplex): void;
  onError(code: string, message: string): void;
}

export interface DialOptions {
  readonly clock: Clock;
  /** For everything: name, TCP, the proxy's answer and TLS. */
  readonly timeoutMs: number;
}

/** Answers of LLMs are silent for minutes, longer than many a firewall remembers a connection. */
const PROBE_AFTER_MS = 45_000;

/** One thing after another; each hands its socket to the next. */
type Step = (socket: Duplex | undefined, next: (socket: Duplex) => void) => Duplex;

/**
 * Opens connections to one target; TLS sessions are resumed. Throws Node's error for a certificate, key or authority that it cannot read.
 *
 *   TCP → (TLS with the proxy → CONNECT) → (TLS with the target) → connected
 */
export function createDialer(target: DialTarget, { clock, timeoutMs }: DialOptions): (dialed: Dialed) => () => void {
  const steps = stepsTo(target);

  return ({ onSocket, onError }) => {
    let socket: Duplex | undefined;
    let isOver = false;
    const settle = (): boolean => {
      const isFirst = !isOver;
      isOver = true;
      cancel();
      return isFirst;
    };
    const fail = (code: string, message: string): void => {
      if (!settle()) return;
      socket?.destroy();
      onError(code, message);
    };
    const onFailure = (error: NodeJS.ErrnoException): void => fail(error.code ?? error.name, messageOf(error));
    const onClose = (): void => fail('ECONNRESET', 'the connection was closed before it stood');
    const go = (at: number): void => {
      const step = steps[at];
      if (step !== undefined) {
        const before = socket;
        socket = step(before, () => {
          if (!isOver) go(at + 1);
        });
        // Errors may follow the end of a failed attempt, and unheard they would end the process.
        if (socket !== before) socket.on('error', onFailure).on('close', onClose);
      } else if (socket !== undefined && settle()) {
        socket.off('error', onFailure).off('close', onClose);
        onSocket(socket);
      }
    };
    const cancel = clock.after(timeoutMs, () => fail('connect_timeout', `no connection within ${timeoutMs} ms`));
    go(0);
    return () => {
      if (settle()) socket?.destroy();
    };
  };
}

function stepsTo({ host, port, tls, proxy }: DialTarget): readonly Step[] {
  const first = proxy ?? { host, port };
  const isPlain = tls === undefined && proxy?.isTls !== true;
  const steps: Step[] = [(_, next) => openTcp(first, isPlain ? openDirect : connect, next)];
  if (proxy?.isTls === true) steps.push(secured(createTlsClient(proxy.host, {})));
  if (tls === undefined) return steps;
  if (proxy !== undefined) steps.push((socket, next) => openTunnel(given(socket), { host, port, proxy }, next));
  steps.push(secured(createTlsClient(host, tls)));
  return steps;
}

function openTcp(
  { host, port }: Pick<DialTarget, 'host' | 'port'>,
  open: (options: TcpNetConnectOpts) => Socket,
  next: (socket: Duplex) => void,
): Duplex {
  const socket = open({
    ...{ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    // A tunnel has two halves that end apart; whoever carries HTTP closes both.
    allowHalfOpen: true,
  });
  return socket.once('connect', () => next(socket));
}

function secured(open: (socket: Duplex) => TLSSocket): Step {
  return (socket, next) => {
    const secure = open(given(socket));
    return secure.once('secureConnect', () => next(secure));
  };
}

function given(socket: Duplex | undefined): Duplex {
  if (socket === undefined) throw new Error('a step of a connection came before the first');
  return socket;
}

/** A name with several addresses fails with all their errors, and with no message of its own. */
function messageOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message;
  return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join('; ');
}
