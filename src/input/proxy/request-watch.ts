import type { LiveRequest } from '../../event/sink.ts';
import { headerValue } from '../../provider/headers/parsed-headers.ts';
import type { ClientRequest } from './client/client-request.ts';
import type { RequestSaid } from './outcome.ts';
import { CodedBody } from './tap/coded-body.ts';
import { canDecode, contentCoding } from './tap/decode.ts';
import type { Guard } from './tap/guard.ts';
import { createRequestTap, type RequestTap } from './tap/request-tap.ts';

/** With which JSON begins and nothing coded does (RFC 1952, 1950, 8878; in RFC 7932 it would end an empty body with a wrong bit). */
const BRACE = 0x7b;

/** Looks on while a request goes up, and names the model of the live request as soon as that has passed. */
export class RequestWatch {
  readonly #live: LiveRequest;
  readonly #guard: Guard;
  readonly #tap: RequestTap;
  readonly #request: ClientRequest;
  #bytes = 0;
  #coded: CodedBody | undefined;

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
      if (isFirst && chunk[0] !== BRACE) this.#begin();
      if (this.#coded === undefined) this.#read(chunk);
      else this.#coded.push(chunk);
    });
  }

  /** Runs `task` as soon as all is known that what has come of the body says: mostly now. */
  whenSaid(task: () => void): void {
    if (this.#coded === undefined) task();
    else this.#coded.whenOver(task);
  }

  /** No more of the body will come; else as `whenSaid`. */
  end(task: () => void): void {
    this.#coded?.drop();
    this.whenSaid(task);
  }

  said(): RequestSaid {
    const { model, stream, keyPresent, mustEnd, generates } = this.#tap.facts();
    return { model, stream, keyPresent, mustEnd, generates, requestBytes: this.#bytes };
  }

  /** The first piece of a body that may be coded. */
  #begin(): void {
    const coding = contentCoding(headerValue(this.#request.headers, 'content-encoding'));
    if (!canDecode(coding)) return;
    const coded = new CodedBody({ coding, onPlain: (plain) => this.#guard('request', false, () => this.#read(plain)) });
    this.#coded = coded;
    // Before those hear of it who begin to wait for the model from now on.
    this.#request.whenComplete(() => coded.end());
  }

  /** False: nothing more is looked for. */
  #read(plain: Buffer): boolean {
    this.#tap.push(plain);
    this.#live.model ??= this.#tap.model();
    return !this.#tap.isOver;
  }
}
