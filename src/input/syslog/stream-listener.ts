import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { ListenAddress } from '../../config/units.ts';
import { errorCode } from '../log/path-look.ts';
import type { SyslogSource } from './syslog-source.ts';
import type { SyslogListener } from './udp-listener.ts';

/** Gateways keep one connection each. Every one may hold a message of `max_line`. */
const MAX_CONNECTIONS = 64;
/**
 * A connection this long without a byte is a forgotten one. Long, because a sender finds out that its connection was closed by losing the
 * message that it sends next.
 */
const IDLE_MS = 3_600_000;
/** Tells a sender that is quiet from one whose machine is gone. */
const KEEP_ALIVE_MS = 60_000;

/** Rejects with Node's error when the address cannot be had. */
export async function listenTcp({ host, port }: ListenAddress, source: SyslogSource): Promise<SyslogListener> {
  return listen({ port, host }, source);
}

/**
 * Listens on a path. The file of a socket stays behind when its owner is killed: one that nobody answers on is taken over, any other is left
 * alone. Node has no datagrams on paths, so senders that know no other way (nginx, HAProxy's `log`) need UDP.
 */
export async function listenUnix(path: string, source: SyslogSource): Promise<SyslogListener> {
  // Whoever may open the folder may write: nginx and HAProxy run as users of their own.
  const options: ListenOptions = { path, writableAll: true };
  try {
    return await listen(options, source);
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE' || !(await isAbandoned(path))) throw error;
  }
  await unlink(path);
  return listen(options, source);
}

async function listen(options: ListenOptions, source: SyslogSource): Promise<SyslogListener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    readStream(socket, source);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(options);
  await once(server, 'listening');
  // Too many open files and the like: the connections that are there go on.
  server.on('error', () => {});
  return {
    port: portOf(server),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function readStream(socket: Socket, source: SyslogSource): void {
  const stream = source.stream(() => socket.destroy());
  let ended = false;
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => stream.push(chunk));
  socket.once('end', () => {
    ended = true;
    stream.finish();
  });
  // Its `close` follows.
  socket.on('error', () => {});
  socket.once('close', () => {
    if (!ended) stream.abandon();
  });
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

async function isAbandoned(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined || !stat.isSocket()) return false;
  const probe = connect(path);
  try {
    await once(probe, 'connect');
    return false;
  } catch (error) {
    return errorCode(error) === 'ECONNREFUSED';
  } finally {
    probe.destroy();
  }
}
