import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** One request as node:http read it. Text is Latin-1, headers and trailers are flat. */
export interface NodeRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: readonly string[];
  body: string;
  /** Undefined: its end has not come. */
  trailers: readonly string[] | undefined;
}

export interface NodeReading {
  readonly requests: NodeRequest[];
  /** What the parser had against the rest, by its code. */
  error: string | undefined;
}

/** Reads bytes with the parser of node:http, in its strict mode, as a server of it would. */
export interface NodeOracle {
  /** Sends the pieces on a connection of their own; resolves once the server has done with that. */
  read(pieces: readonly Buffer[]): Promise<NodeReading>;
}

interface Case {
  readonly reading: NodeReading;
  readonly closed: PromiseWithResolvers<void>;
}

/** More than any request of a test has. */
const MAX_HEADER_BYTES = 128 * 1024;
const NO_LIMITS = {
  requestTimeout: 0,
  headersTimeout: 0,
  keepAliveTimeout: 0,
  connectionsCheckingInterval: 86_400_000,
};

/** Starts a server of node:http on a free loopback port; it answers every request with nothing. */
export async function startNodeOracle(t: { after(task: () => void): void }): Promise<NodeOracle> {
  /** By the port of the client. */
  const cases = new Map<number, Case>();
  const caseOf = (port = 0): Case => {
    const known = cases.get(port);
    const one = known ?? { reading: { requests: [], error: undefined }, closed: Promise.withResolvers<void>() };
    if (known === undefined) cases.set(port, one);
    return one;
  };
  const server = createServer({
    ...{ insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: MAX_HEADER_BYTES },
    ...NO_LIMITS,
    shouldUpgradeCallback: () => false,
  });
  // Whoever closes his half has said everything, and not left.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxHeadersCount = 0;
  const answers = (request: IncomingMessage, response: ServerResponse): void =>
    reads(caseOf(request.socket.remotePort).reading, request, response);
  server.on('request', answers).on('checkContinue', answers).on('checkExpectation', answers);
  server.on('clientError', (error, socket) => {
    // A server's sockets are of TCP here.
    const { reading } = caseOf((socket as Socket).remotePort);
    reading.error ??= 'code' in error ? String(error.code) : error.message;
    // What was read before is still on its way through its stream.
    setImmediate(() => socket.destroy());
  });
  server.on('connection', (socket) => {
    const { closed } = caseOf(socket.remotePort);
    socket.on('close', () => setImmediate(closed.resolve));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    async read(pieces) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      // It may be reset while it is still sending.
      socket.on('error', () => undefined).resume();
      await once(socket, 'connect');
      const { localPort = 0 } = socket;
      const { reading, closed } = caseOf(localPort);
      for (const piece of pieces) socket.write(piece);
      socket.end();
      await closed.promise;
      socket.destroy();
      cases.delete(localPort);
      return reading;
    },
  };
}

function reads(reading: NodeReading, request: IncomingMessage, response: ServerResponse): void {
  const { method = '', url = '', httpVersion, rawHeaders: headers } = request;
  const one: NodeRequest = { method, url, httpVersion, headers, body: '', trailers: undefined };
  reading.requests.push(one);
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => {
    one.body += chunk.toString('latin1');
  });
  request.on('end', () => {
    if (request.complete) one.trailers = request.rawTrailers;
    response.end();
  });
}
