import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { DEADLINE_MS } from './eventually.ts';
import { type NginxOptions, startNginx } from './nginx.ts';
import { openSocket, type RunningProxy, startProxy } from './proxy.ts';
import { startWire, type WireConnection, type WireServer, wireConnection } from './wire.ts';
import { isInformation, readWire, valuesOf, type WireMessage } from './wire-reading.ts';

/** One upstream, and three ways to it. */
export interface ThreeWays {
  readonly wire: WireServer;
  readonly proxy: RunningProxy;
  readonly ports: { readonly direct: number; readonly ours: number; readonly nginx: number };
}

export type Way = keyof ThreeWays['ports'];

/** Starts an upstream that answers each whole request, our proxy before it, and a real nginx. */
export async function startThreeWays(
  t: TestContext,
  answer: (request: WireMessage, connection: WireConnection) => void,
): Promise<ThreeWays> {
  const wire = await startWire(t, (connection) => {
    let answered = 0;
    connection.socket.on('data', () => {
      const requests = readWire(connection.text(), false).messages.filter(({ isWhole }) => isWhole);
      for (const request of requests.slice(answered)) answer(request, connection);
      answered = requests.length;
    });
  });
  const proxy = await startProxy(t, wire.url);
  const nginx = await startNginx(t, nginxBefore(wire));
  return { wire, proxy, ports: { direct: wire.port, ours: proxy.port, nginx: Number(new URL(nginx.url).port) } };
}

/** An nginx that changes as little as it can. */
export function nginxBefore({ url }: Pick<WireServer, 'url'>): NginxOptions {
  return {
    http: 'client_header_buffer_size 64k; large_client_header_buffers 4 64k; underscores_in_headers on;',
    server: `location / {
      proxy_pass ${url};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 4 64k;
      proxy_pass_header Server;
      proxy_pass_header Date;
      client_max_body_size 0;
      lingering_close off;
    }`,
  };
}

/** What a client sees. */
export interface Seen {
  /** Status, reason, body, trailers and end of each answer, as text; `gateway 502` for what the one in the middle made. */
  readonly answers: readonly string[];
  /** End-to-end fields of the last answer, flat. */
  readonly fields: readonly string[];
}

/** Sends bytes and reads until as many answers have come as there are methods, or the connection ends. */
export async function ask(t: TestContext, port: number, bytes: string, methods: readonly string[]): Promise<Seen> {
  const { socket, text } = wireConnection(await openSocket(t, port));
  const isEnough = (): boolean =>
    finals(text(), false, methods).filter((message) => message.isWhole).length >= methods.length;
  const ended = new Promise<void>((resolve, reject) => {
    AbortSignal.timeout(DEADLINE_MS).onabort = () => reject(new Error(`still open after ${JSON.stringify(text())}`));
    socket.on('end', resolve).on('close', () => resolve());
    socket.on('data', () => isEnough() && resolve());
  });
  let isReset = false;
  socket.on('error', () => {
    isReset = true;
  });
  socket.write(bytes, 'latin1');
  await ended;
  const isClosed = !isEnough() && !isReset;
  socket.destroy();
  if (!socket.closed) await once(socket, 'close');
  const { messages } = readWire(text(), isClosed, methods);
  const last = messages.findLast((message) => !isInformation(message.start));
  const answers = messages.map(describe);
  return { answers: answers.length === 0 ? ['nothing'] : answers, fields: endToEnd(last?.fields ?? []) };
}

function finals(text: string, isClosed: boolean, methods: readonly string[]): readonly WireMessage[] {
  return readWire(text, isClosed, methods).messages.filter((message) => !isInformation(message.start));
}

function describe({ start, fields, body, trailers, isWhole }: WireMessage): string {
  const status = start.slice('HTTP/1.1 '.length);
  const isMade = valuesOf(fields, 'x-llm-exporter-origin').length > 0 || /<hr><center>nginx/.test(body);
  if (isMade) return `gateway ${status.slice(0, 3)}`;
  const shown = body.length > 60 ? `${body.length} bytes` : JSON.stringify(body);
  const behind = trailers.length === 0 ? '' : ` +${trailers.join('=')}`;
  return `${status.trimEnd()} ${shown}${behind}${isWhole ? '' : ' cut'}`;
}

/** RFC 9110 section 7.6.1, and what frames a message on one connection. */
const ONE_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
]);

export function endToEnd(fields: readonly string[]): string[] {
  const named = new Set(valuesOf(fields, 'connection').flatMap((value) => value.toLowerCase().split(/\s*,\s*/)));
  const isKept = (name: string): boolean => !ONE_HOP.has(name.toLowerCase()) && !named.has(name.toLowerCase());
  return fields.filter((_, at) => isKept(fields[at - (at % 2)] ?? ''));
}

/** Fields in an order of their own, as nginx sends them. */
export function unordered(fields: readonly string[], except: readonly string[] = []): string[] {
  return fields
    .flatMap((value, at) => (at % 2 === 0 ? [] : [`${(fields[at - 1] ?? '').toLowerCase()}: ${value}`]))
    .filter((line) => !except.some((name) => line.startsWith(`${name}: `)))
    .sort();
}
