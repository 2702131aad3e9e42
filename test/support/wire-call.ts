import type { Duplex } from 'node:stream';
import type { Call, CallHandler, CallRequest } from '../../src/input/proxy/upstream/call.ts';
import type { Upstream } from '../../src/input/proxy/upstream/upstream.ts';
import { eventually } from './eventually.ts';

/** A call to an upstream and all that was heard of it. */
export interface RecordedCall extends Call {
  /** `connected`, `sent`, `103`, `head 200`, `end`, `upgrade`, `error ECONNRESET` */
  readonly heard: readonly string[];
  readonly body: () => string;
  readonly trailers: () => readonly string[];
  readonly socket: () => Duplex | undefined;
  /** Waits until `word` was heard. */
  hears(word: string): Promise<void>;
}

/** Sends a request; `override` replaces what the handler does on a piece or another event. */
export function record(
  upstream: Upstream,
  request: Partial<CallRequest> = {},
  override: Partial<CallHandler> = {},
): RecordedCall {
  const heard: string[] = [];
  let body = '';
  let last: readonly string[] = [];
  let upgraded: Duplex | undefined;
  const handler: CallHandler = {
    onConnected: () => heard.push('connected'),
    onSent: () => heard.push('sent'),
    onInformation: ({ status }) => heard.push(String(status)),
    onHead: ({ status }) => heard.push(`head ${status}`),
    onData(chunk) {
      body += chunk.toString('latin1');
      return true;
    },
    onEnd(trailers) {
      last = trailers;
      heard.push('end');
    },
    onUpgrade(_head, socket, first) {
      upgraded = socket.on('error', () => undefined);
      body += first.toString('latin1');
      heard.push('upgrade');
    },
    onError: (code) => heard.push(`error ${code}`),
  };
  const call = upstream.send(
    { method: 'GET', target: '/', headers: ['host', 'x'], body: undefined, isChunked: false, ...request },
    wrap(handler, override),
  );
  const hears = (word: string): Promise<void> =>
    eventually(() => {
      if (!heard.includes(word)) throw new Error(`heard ${heard.join(', ')}, not ${word}`);
    });
  return {
    resume: () => call.resume(),
    abort: () => call.abort(),
    ...{ heard, body: () => body, trailers: () => last, socket: () => upgraded, hears },
  };
}

function wrap(handler: CallHandler, override: Partial<CallHandler>): CallHandler {
  return {
    ...handler,
    ...override,
    onConnected() {
      handler.onConnected();
      override.onConnected?.();
    },
    onHead(head) {
      handler.onHead(head);
      override.onHead?.(head);
    },
    onData: (chunk) => [handler.onData(chunk), override.onData?.(chunk)].every((goOn) => goOn !== false),
    onEnd(trailers) {
      handler.onEnd(trailers);
      override.onEnd?.(trailers);
    },
  };
}
