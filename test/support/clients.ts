import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { ClientConnection, Running } from '../../src/input/proxy/client/client-connection.ts';
import type { ClientRequest } from '../../src/input/proxy/client/client-request.ts';
import { Connections } from '../../src/input/proxy/client/connections.ts';
import type { OwnAnswer } from '../../src/input/proxy/own-answer.ts';
import { DEADLINE_MS, eventually } from './eventually.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { type WireConnection, wireConnection } from './wire.ts';

/** A client's end of a connection, and ours. */
export interface ClientPair {
  readonly client: WireConnection;
  readonly connection: ClientConnection<Served>;
}

/** A listener as the proxy's, with everything a test wants to know of it. */
export interface Clients {
  readonly clock: ManualClock;
  readonly connections: Connections<Served>;
  /** In the order in which they came. */
  readonly served: readonly Served[];
  /** What clients were told that sent no request. */
  readonly malformed: readonly OwnAnswer[];
  open(): Promise<ClientPair>;
}

export interface ClientsOptions {
  readonly requestMs?: number;
  readonly maxHeadBytes?: number;
  /** Run for each request that is served. */
  readonly play?: (served: Served) => unknown;
}

/** One request under way; it is answered when the test says so. */
export class Served implements Running {
  readonly connection: ClientConnection<Served>;
  readonly request: ClientRequest;
  readonly #connections: Connections<Served>;
  body = '';
  isGone = false;
  drains = 0;
  failure: OwnAnswer | undefined;

  constructor(connections: Connections<Served>, connection: ClientConnection<Served>, request: ClientRequest) {
    this.#connections = connections;
    this.connection = connection;
    this.request = request;
    request.readTo({
      data: (chunk) => {
        this.body += chunk.toString('latin1');
      },
      end: () => undefined,
    });
  }

  /** The whole answer in one write. */
  answer(body = this.request.url): void {
    const { connection } = this;
    connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    connection.answered();
    this.end();
  }

  /** It is counted. */
  end(): void {
    this.#connections.end(this.connection, this);
  }

  clientGone(): void {
    this.isGone = true;
    this.end();
  }

  drained(): void {
    this.drains += 1;
  }

  fail(answer: OwnAnswer): void {
    this.failure = answer;
  }

  stop(): void {
    this.connection.socket.destroy();
  }
}

/** Listens on a free loopback port, with the clock in the test's hand. */
export async function startClients(
  t: { after(task: () => void): void },
  { requestMs = 1000, maxHeadBytes = 1000, play }: ClientsOptions = {},
): Promise<Clients> {
  const clock = createManualClock();
  const served: Served[] = [];
  const malformed: OwnAnswer[] = [];
  const connections: Connections<Served> = new Connections<Served>({
    ...{ clock, maxHeadBytes, requestMs },
    onRequest(connection, request) {
      const one = new Served(connections, connection, request);
      connections.begin(connection, one);
      served.push(one);
      if (connection.isClosed) one.clientGone();
      else play?.(one);
    },
    onMalformed(connection, answer) {
      malformed.push(answer);
      connection.socket.write(`HTTP/1.1 ${answer.status} X\r\nConnection: close\r\n\r\n`);
      connection.linger();
    },
  });
  const accepted = new Map<number | undefined, ClientConnection<Served>>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted.set(socket.remotePort, connections.add(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const opened: WireConnection[] = [];
  t.after(() => {
    server.close();
    connections.closeAll();
    for (const { socket } of opened) socket.destroy();
  });
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    ...{ clock, connections, served, malformed },
    async open() {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      const client = wireConnection(socket);
      opened.push(client);
      await once(socket, 'connect');
      const connection = await until(() => {
        const known = accepted.get(socket.localPort);
        if (known === undefined) throw new Error('not accepted');
        return known;
      });
      return { client, connection };
    },
  };
}

/** Asks again and again, without a pause worth the name: what is awaited is a matter of some turns. */
export function until<T>(check: () => T): Promise<T> {
  return eventually(check, DEADLINE_MS, 1);
}
