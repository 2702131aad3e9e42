import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { AnswerParser } from './answer-parser.ts';
import type { ProxyServer } from './proxy-server.ts';

/** More than any proxy says about itself. */
const MAX_HEAD_BYTES = 16 * 1024;

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
  readonly proxy: ProxyServer;
}

/** Asks a proxy for a way to the target (RFC 9110 section 9.3.6); a refusal destroys the socket with an error that says so. */
export function openTunnel(
  socket: Duplex,
  { host, port, proxy }: TunnelTarget,
  next: (socket: Duplex) => void,
): Duplex {
  let status = 0;
  const parser = new AnswerParser(
    {
      head(head) {
        status = head.status;
        if (status < 300) return;
        refuse(`the proxy answered ${status} ${head.reason}`.trimEnd(), DENIALS.has(status) ? PROXY_DENIED : undefined);
      },
      data: () => undefined,
      upgrade: () => refuse('the proxy answered 101'),
      end(_, rest) {
        if (status >= 300) return;
        settle();
        if (rest.length > 0) socket.unshift(rest);
        next(socket);
      },
    },
    MAX_HEAD_BYTES,
  );
  const refuse = (message: string, code?: typeof PROXY_DENIED): void => {
    settle();
    socket.destroy(new ProxyRefusalError(message, code));
  };
  const onData = (bytes: Buffer): void => {
    try {
      parser.push(bytes);
    } catch (error) {
      refuse(`the proxy did not answer in valid HTTP/1.1: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const onEnd = (): void => refuse('the proxy closed the connection');
  const settle = (): void => {
    socket.off('data', onData).off('end', onEnd).pause();
  };
  socket.on('data', onData).on('end', onEnd);
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const login = proxy.authorization === undefined ? '' : `proxy-authorization: ${proxy.authorization}\r\n`;
  parser.expect('CONNECT');
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${login}\r\n`, 'latin1');
  return socket;
}

/** The code of an error that the same proxy will give again. */
export const PROXY_DENIED = 'proxy_denied';
/** The proxy lacks a login that it takes, or has a rule against the target: it will say the same the next time. */
const DENIALS: ReadonlySet<number> = new Set([401, 403, 405, 407]);

/** The proxy would not have it. */
class ProxyRefusalError extends Error {
  override readonly name = 'ProxyRefusalError';
  readonly code: 'proxy_refused' | typeof PROXY_DENIED;

  constructor(message: string, code: ProxyRefusalError['code'] = 'proxy_refused') {
    super(message);
    this.code = code;
  }
}
