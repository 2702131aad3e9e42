import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { DEADLINE_MS, eventually } from './eventually.ts';

/** A real HTTP server that plays the LLM API; the test decides what it answers, and when. */
export interface FakeUpstream {
  readonly url: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
}

/**
 * Lets a handler, which may be async, fail where the client breaks off its request, as clients do when a test ends: there is nobody to
 * answer. Whatever else it throws fails the test.
 */
export function answering(handler: RequestListener): RequestListener {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      await handler(request, response);
    } catch (error) {
      const clientLeft = request.destroyed && !request.complete;
      if (!clientLeft) throw error;
    }
  };
  return (request, response) => void answer(request, response);
}

/** Starts the server on a free port of the loopback interface and closes it, connections and all, when the test ends. It keeps idle connections as Node does, or so long. */
export async function startUpstream(
  t: TestContext,
  handler: RequestListener,
  keepAliveMs?: number,
): Promise<FakeUpstream> {
  const server = createServer({ maxHeaderSize: 256 * 1024 }, answering(handler));
  server.maxHeadersCount = 0;
  if (keepAliveMs !== undefined) server.keepAliveTimeout = keepAliveMs;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, sockets };
}

/** The whole request body. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** One OpenAI chat chunk as it goes over the wire. */
export function chatFrame(content: string): string {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
}

export const FINISH_FRAME = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`;
export const DONE_FRAME = 'data: [DONE]\n\n';

/** Opens an event stream answer. */
export function openStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  return response;
}

/** A body that is sent as fast as it is taken. */
export interface Flood {
  /** Bytes that were taken so far. */
  written(): number;
  /** Waits until nothing is taken any more: every buffer on the way is full. */
  stalled(): Promise<void>;
}

/** Sends so many bytes and the end, piece by piece, waiting whenever it is asked to. */
export function flood(body: ServerResponse | ClientRequest, totalBytes: number): Flood {
  const piece = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  const push = (): void => {
    while (written < totalBytes) {
      written += piece.length;
      if (!body.write(piece)) {
        body.once('drain', push);
        return;
      }
    }
    body.end();
  };
  push();
  const stalled = async (): Promise<void> => {
    let before = -1;
    const standsStill = (): void => {
      const moved = written - before;
      before = written;
      if (moved !== 0) throw new Error(`${moved} more bytes were taken`);
    };
    await eventually(standsStill, DEADLINE_MS, 200);
  };
  return { written: () => written, stalled };
}
