import type { LiveRequest } from '../../event/sink.ts';
import type { RequestHead } from './http/request-head.ts';
import type { RequestSaid } from './outcome.ts';
import type { Guard } from './tap/guard.ts';
import { createRequestTap, type RequestTap } from './tap/request-tap.ts';

/** Looks on while a request goes up, and names the model of the live request as soon as that has passed. */
export class RequestWatch {
  readonly #live: LiveRequest;
  readonly #guard: Guard;
  readonly #tap: RequestTap;
  #bytes = 0;

  constructor({
    request,
    live,
    guard,
  }: {
    readonly request: RequestHead;
    readonly live: LiveRequest;
    readonly guard: Guard;
  }) {
    this.#live = live;
    this.#guard = guard;
    this.#tap = createRequestTap(request);
    guard('request', undefined, () => {
      live.model ??= this.#tap.model();
    });
  }

  /** Of the body, so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the request carries any credential. */
  get keyPresent(): boolean {
    return this.#tap.keyPresent;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#guard('request', undefined, () => {
      this.#tap.push(chunk);
      this.#live.model ??= this.#tap.model();
    });
  }

  said(): RequestSaid {
    const { model, stream, keyPresent, mustEnd, generates } = this.#tap.facts();
    return { model, stream, keyPresent, mustEnd, generates, requestBytes: this.#bytes };
  }
}
