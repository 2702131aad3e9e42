import { Readable } from 'node:stream';
import type { ClientRequest } from './client-request.ts';

/** What goes up as the request body. */
export type UploadBody = Readable | Buffer | undefined;

/** Bytes of a request body that may wait for the upstream; beyond it the client is made to wait. */
const MAX_WAITING_BYTES = 64 * 1024;

/**
 * A request body on its way to the upstream, with someone looking on.
 *
 * An upstream that has heard enough (a 401 to a long upload) only means that the rest is read and dropped, so the client gets its answer. The
 * first bytes are read before there is a connection, so the model is known even if none can be made. A body that came in one piece, as nearly
 * all do, goes out in one piece without a stream.
 */
export class Upload {
  readonly #request: ClientRequest;
  readonly #watch: (chunk: Buffer) => void;
  readonly #maxWaitingBytes: number;
  #send: ((body: UploadBody) => void) | undefined;
  #body: Readable | undefined;
  #hasBegun = false;

  /** `heldBytes`: a body up to this size is held in memory anyway, and so need not wait. */
  constructor(request: ClientRequest, watch: (chunk: Buffer) => void, heldBytes = 0) {
    this.#request = request;
    this.#watch = watch;
    const isHeld = (request.length ?? 0) <= heldBytes;
    this.#maxWaitingBytes = isHeld ? Math.max(MAX_WAITING_BYTES, heldBytes) : MAX_WAITING_BYTES;
  }

  /** Starts reading; `send` is called once, as soon as it is clear which body there is. */
  begin(send: (body: UploadBody) => void): void {
    this.#send = send;
    this.#request.accept();
    this.#read();
  }

  /** Reads the rest without sending it. */
  discard(): void {
    this.#send = undefined;
    if (!this.#hasBegun) this.#read();
    this.#body?.destroy();
    this.#request.resume();
  }

  /** Stops the upstream's waiting: the client will send no more. */
  abort(): void {
    this.#body?.destroy();
  }

  #read(): void {
    this.#hasBegun = true;
    // Without a body nothing follows: the upstream need not wait for what is known.
    if (this.#request.framing.kind === 'none') this.#ends();
    else this.#request.readTo({ data: (chunk) => this.#takes(chunk), end: () => this.#ends() });
  }

  #takes(chunk: Buffer): void {
    this.#watch(chunk);
    const send = this.#send;
    if (send !== undefined) {
      this.#send = undefined;
      if (chunk.length === this.#request.length) {
        send(chunk);
        return;
      }
      this.#body = this.#createBody();
      send(this.#body);
    }
    const body = this.#body;
    if (body !== undefined && !body.destroyed && !body.push(chunk)) this.#request.pause();
  }

  #ends(): void {
    this.#send?.(undefined);
    this.#send = undefined;
    if (this.#body?.destroyed === false) this.#body.push(null);
  }

  #createBody(): Readable {
    const request = this.#request;
    const body = new Readable({
      highWaterMark: this.#maxWaitingBytes,
      read: () => request.resume(),
      destroy: (error, done) => {
        request.resume();
        done(error);
      },
    });
    return body;
  }
}
