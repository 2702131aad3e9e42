import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A stable address before a program that is killed and comes back on another port each time: what a scrape job of Prometheus needs. It
 * hands bytes on as they come. While there is no program it refuses, as the port of a dead one does.
 */
export interface Front {
  readonly url: string;
  /** Where connections go from now on; undefined while the program is dead. */
  point(port: number | undefined): void;
  /** Resolves when the next bytes of a client have been handed on. */
  nextRequest(): Promise<void>;
  close(): Promise<void>;
}

export async function createFront(): Promise<Front> {
  let target: number | undefined;
  let waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (target === undefined) {
      client.destroy();
      return;
    }
    const program = connect(target, '127.0.0.1');
    for (const socket of [client, program]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    // What a program sent before it died still arrives: only then is the client let go.
    program.on('error', () => client.destroySoon());
    client.on('error', () => program.destroy());
    client.on('data', () => {
      for (const resolve of waiting.splice(0)) resolve();
    });
    client.pipe(program);
    program.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    point(next) {
      target = next;
    },
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    async close() {
      waiting = [];
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
