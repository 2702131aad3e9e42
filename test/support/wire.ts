import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A server that speaks bytes: what it got, and what it sends, are the test's own. */
export interface WireServer {
  readonly port: number;
  readonly url: string;
  /** In the order in which they came; closed ones stay. */
  readonly connections: readonly WireConnection[];
  /** Connections that the other side has not closed. */
  open(): number;
}

export interface WireConnection {
  readonly socket: Socket;
  /** Everything received, as Latin-1. */
  text(): string;
  /** Waits until `pattern` has come; rejects when the connection closes before. */
  has(pattern: RegExp): Promise<string>;
}

/** Starts it on a free loopback port; `play` is run for each connection, which stays half-open until the test ends it. */
export async function startWire(
  t: TestContext,
  play: (connection: WireConnection, number: number) => unknown = () => undefined,
): Promise<WireServer> {
  const connections: WireConnection[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = wireConnection(socket);
    connections.push(connection);
    const failed = (error: unknown): void => void socket.destroy(error instanceof Error ? error : undefined);
    Promise.resolve(play(connection, connections.length)).catch(failed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const { socket } of connections) socket.destroy();
  });
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo;
  const open = (): number => connections.filter(({ socket }) => !socket.destroyed && !socket.readableEnded).length;
  return { port, url: `http://127.0.0.1:${port}`, connections, open };
}

/** Reads along on a socket. */
export function wireConnection(socket: Socket): WireConnection {
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  const has = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        socket.off('data', look).off('close', closed);
        resolve(text);
      };
      const closed = (): void => reject(new Error(`${pattern} did not come, but ${JSON.stringify(text.slice(-300))}`));
      socket.on('data', look).on('close', closed);
      look();
    });
  return { socket, text: () => text, has };
}
