import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { HttpAnswer } from './envelopes.ts';
import { pause, untilAborted } from './pause.ts';

/** One request's way back to its client. Everything here ends early, without an error, once the client has left. */
export interface Exchange {
  readonly left: AbortSignal;
  pause(ms: number): Promise<void>;
  /** A way to wait for the next multiple of `everyMs` from now on. */
  ticker(everyMs: number): () => Promise<void>;
  /** Resolves when the client has left. */
  untilLeft(): Promise<void>;
  send(answer: HttpAnswer, model: string): void;
  json(status: number, body: unknown): void;
  openStream(): void;
  /** Announces the whole of a JSON body and sends its beginning only. */
  sendBeginning(text: string): void;
  /** Waits for a slow reader, so that a stream nobody reads does not fill our memory. */
  write(text: string): Promise<void>;
  end(): void;
  /** Breaks the connection after what was written has gone out. */
  cut(): void;
  /** Breaks the connection at once, with a TCP reset. */
  reset(): void;
}

export function createExchange(response: ServerResponse, clock: Clock): Exchange {
  const controller = new AbortController();
  const left = controller.signal;
  response.once('close', () => controller.abort());

  const sendText = (status: number, headers: Readonly<Record<string, string>>, text: string) => {
    if (left.aborted) return;
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
  };
  return {
    left,
    untilLeft: () => untilAborted(left),
    pause: (ms) => pause(clock, ms, left),
    ticker(everyMs) {
      const startMs = clock.elapsedMs();
      let ticks = 0;
      return () => pause(clock, startMs + everyMs * ++ticks - clock.elapsedMs(), left);
    },
    send: ({ status, headers, body }, model) => sendText(status, headers, body(model)),
    json: (status, body) => sendText(status, { 'content-type': 'application/json' }, JSON.stringify(body)),
    openStream() {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
      response.flushHeaders();
    },
    sendBeginning(text) {
      if (left.aborted) return;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.write(text.slice(0, text.length / 2));
    },
    async write(text) {
      if (left.aborted || response.write(text)) return;
      // Rejected when the client leaves meanwhile: then there is nothing to wait for.
      await once(response, 'drain', { signal: left }).catch(() => undefined);
    },
    end: () => response.end(),
    cut: () => response.socket?.destroySoon(),
    reset: () => response.socket?.resetAndDestroy(),
  };
}
