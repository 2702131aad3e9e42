import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import type { RequestEvent } from '../../src/event/request-event.ts';
import { createProxy, type ProxyOptions } from '../../src/input/proxy/proxy.ts';
import type { RouteSpec } from '../../src/input/proxy/routing/route.ts';
import { createLog } from '../../src/log.ts';
import { eventually } from './eventually.ts';
import { createRecordingSink, type RecordingSink } from './recording-sink.ts';

/** A running proxy and what it has counted. */
export interface RunningProxy {
  readonly proxy: ReturnType<typeof createProxy>;
  readonly port: number;
  readonly sink: RecordingSink;
  readonly logLines: readonly string[];
  /** The events, once there are `count` of them and no request is live. */
  settled(count: number): Promise<readonly RequestEvent[]>;
}

/** Starts a proxy in front of `url` on a free port; it is closed when the test ends. */
export async function startProxy(
  t: TestContext,
  url: string,
  options: Partial<Omit<ProxyOptions, 'sink'>> = {},
): Promise<RunningProxy> {
  const sink = createRecordingSink();
  const logLines: string[] = [];
  const log = createLog({ write: (line) => logLines.push(line) });
  const proxy = createProxy({ upstreams: [upstreamAt(url)], sink, clock: systemClock, log, ...options });
  t.after(() => proxy.close());
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return {
    proxy,
    port,
    sink,
    logLines,
    settled: (count) =>
      eventually(() => {
        const seen = `${sink.events.length} events, ${sink.live()} live, ${sink.extraEnds()} ended twice`;
        if (sink.events.length !== count || sink.live() !== 0 || sink.extraEnds() !== 0) throw new Error(seen);
        return sink.events;
      }),
  };
}

/** An upstream that takes every request, unless told otherwise. */
export function upstreamAt(url: string, others: Partial<RouteSpec> = {}): RouteSpec {
  return { name: 'fake', target: { url, provider: 'fake' }, ...others };
}

/** Opens a request that the test writes itself. */
export function openRequest(port: number, options: RequestOptions = {}): ClientRequest {
  const opened = request({
    host: '127.0.0.1',
    port,
    path: '/v1/chat/completions',
    method: 'POST',
    agent: false,
    ...options,
  });
  opened.on('error', () => undefined);
  return opened;
}

/** Sends a whole request and waits for the head of the answer. */
export async function send(
  port: number,
  body: string | Buffer = '',
  options: RequestOptions = {},
): Promise<IncomingMessage> {
  const opened = openRequest(port, options);
  opened.end(body);
  return headOf(opened);
}

/** The head of the answer to a request; rejects when there is none. */
export async function headOf(opened: ClientRequest): Promise<IncomingMessage> {
  // The event's one argument is the answer.
  const [answer] = (await once(opened, 'response')) as [IncomingMessage];
  return answer;
}

/** The whole body of an answer; rejects when it is cut. */
export async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A raw connection, for what node:http would not send. */
export async function openSocket(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Everything a raw connection receives until it is closed. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}
