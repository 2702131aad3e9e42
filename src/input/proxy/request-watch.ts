import type { LiveRequest } from '../../event/sink.ts';
import type { ClientRequest } from './client/client-request.ts';
import type { RequestSaid } from './outcome.ts';
import type { Guard } from './tap/guard.ts';
import { createRequestTap, type RequestTap } from './tap/request-tap.ts';

/** Looks on while a request goes up, and names the model of the live request as soon as that has passed. */
export class RequestWatch {
  readonly #live: LiveRequest;
  readonly #guard: Guard;
  readonly #tap: RequestTap;
  readonly #request: ClientRequest;
  #bytes = 0;

  constructor({
    request,
    live,
    guard,
  }: {
    readonly request: ClientRequest;
    readonly live: LiveRequest;
    readonly guard: Guard;
  }) {
    this.#request = request;
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
    const isFirst = this.#bytes === 0;
    this.#bytes += chunk.length;
    this.#guard('request', undefined, () => {
      this.#tap.push(chunk);
      this.#live.model ??= this.#tap.model();
      if (isFirst && this.#tap.waitsForEnd) this.#request.whenComplete(() => this.#ends());
    });
  }

  /** Before those hear of it who have begun to wait for the model since the first piece came. */
  #ends(): void {
    this.#guard('request', undefined, () => {
      this.#tap.end();
      this.#live.model ??= this.#tap.model();
    });
  }

  said(): RequestSaid {
    const { model, stream, keyPresent, mustEnd, generates } = this.#tap.facts();
    return { model, stream, keyPresent, mustEnd, generates, requestBytes: this.#bytes };
  }
}
