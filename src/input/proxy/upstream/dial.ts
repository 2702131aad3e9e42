import { connect, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../../clock.ts';
import { type Lack, lackOf } from '../limits/lack.ts';
import { openTunnel } from './connect-tunnel.ts';
import type { Names } from './names.ts';
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
  readonly names: Names;
  /** Hears of each connection that there was not enough of something for. */
  readonly onLack?: ((lack: Lack, message: string) => void) | undefined;
}

/** Answers of LLMs are silent for minutes, longer than many a firewall remembers a connection. */
const PROBE_AFTER_MS = 45_000;

/** One thing after another; each hands its socket to the next, and may say what it waits for. */
type Step = (socket: Duplex | undefined, next: (socket: Duplex) => void, waitsFor: WaitsFor) => Duplex;
/** What did not come, if time runs out now; undefined: the connection. */
type WaitsFor = (missing: string | undefined) => void;

/**
 * Opens connections to one target; TLS sessions are resumed. Throws Node's error for a certificate, key or authority that it cannot read.
 *
 *   TCP → (TLS with the proxy → CONNECT) → (TLS with the target) → connected
 */
export function createDialer(target: DialTarget, options: DialOptions): (dialed: Dialed) => () => void {
  const { clock, timeoutMs, onLack } = options;
  const steps = stepsTo(target, options);

  return ({ onSocket, onError }) => {
    let socket: Duplex | undefined;
    let isOver = false;
    let missing: string | undefined;
    const waitsFor: WaitsFor = (what) => {
      missing = what;
    };
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
    const onFailure = (error: NodeJS.ErrnoException): void => {
      const lack = lackOf(error);
      if (lack !== undefined && !isOver) onLack?.(lack, messageOf(error));
      fail(lack ?? error.code ?? error.name, messageOf(error));
    };
    const onClose = (): void => fail('ECONNRESET', 'the connection was closed before it stood');
    const go = (at: number): void => {
      const step = steps[at];
      if (step !== undefined) {
        const before = socket;
        const next = (): void => {
          if (!isOver) go(at + 1);
        };
        socket = step(before, next, waitsFor);
        // Errors may follow the end of a failed attempt, and unheard they would end the process.
        if (socket !== before) socket.on('error', onFailure).on('close', onClose);
      } else if (socket !== undefined && settle()) {
        socket.off('error', onFailure).off('close', onClose);
        onSocket(socket);
      }
    };
    const cancel = clock.after(timeoutMs, () =>
      fail('connect_timeout', `${missing ?? 'no connection'} within ${timeoutMs} ms`),
    );
    go(0);
    return () => {
      if (settle()) socket?.destroy();
    };
  };
}

function stepsTo({ host, port, tls, proxy }: DialTarget, { names }: DialOptions): readonly Step[] {
  const first = proxy ?? { host, port };
  const isPlain = tls === undefined && proxy?.isTls !== true;
  const open = isPlain ? openDirect : connect;
  const steps: Step[] = [
    (_, next, waitsFor) => {
      const lookup = createLookup(names, waitsFor);
      const socket = openTcp(first, lookup.lookup, open);
      return socket.once('close', lookup.leave).once('connect', () => {
        socket.off('close', lookup.leave);
        next(socket);
      });
    },
  ];
  if (proxy?.isTls === true) steps.push(secured(createTlsClient(proxy.host, {})));
  if (tls === undefined) return steps;
  if (proxy !== undefined) steps.push((socket, next) => openTunnel(given(socket), { host, port, proxy }, next));
  steps.push(secured(createTlsClient(host, tls)));
  return steps;
}

function openTcp(
  { host, port }: Pick<DialTarget, 'host' | 'port'>,
  lookup: LookupFunction,
  open: (options: TcpNetConnectOpts) => Socket,
): Socket {
  return open({
    ...{ host, port, lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    // A tunnel has two halves that end apart; whoever carries HTTP closes both.
    allowHalfOpen: true,
  });
}

/** For one connection; whoever gives that up leaves, as the answer may be long in coming. */
function createLookup(names: Names, waitsFor: WaitsFor): { lookup: LookupFunction; leave: () => void } {
  let leave = (): void => undefined;
  return {
    lookup(name, options, answered) {
      waitsFor(`no address for the name ${name}`);
      leave = names.lookup(name, options, (error, address, family) => {
        waitsFor(undefined);
        answered(error, address, family);
      });
    },
    leave: () => leave(),
  };
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
