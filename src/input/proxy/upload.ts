import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** What goes up as the request body. */
export type UploadBody = Readable | Buffer | undefined;

/** Bytes of a request body that may wait for the upstream; beyond it the client is made to wait. */
const MAX_WAITING_BYTES = 64 * 1024;

/**
 * A request body on its way to the upstream, with someone looking on.
 *
 * The request itself is not given away: a body is destroyed when the upstream answers early (a 401 to a long upload), and
 * a destroyed request takes the client's connection with it. Here an upstream that has heard enough only
 * means that the rest is read and dropped, so the client gets its answer. The first bytes are read before there is a
 * connection, so the model is known even if none can be made. A body that came in one piece, as nearly all do, goes out
 * in one piece without a stream.
 */
export class Upload {
  /** In bytes; undefined where the request does not say. */
  readonly length: number | undefined;
  readonly #request: IncomingMessage;
  readonly #watch: (chunk: Buffer) => void;
  readonly #maxWaitingBytes: number;
  #send: ((body: UploadBody) => void) | undefined;
  #body: Readable | undefined;
  #onRead: (() => void) | undefined;
  #hasBegun = false;
  #isRead = false;

  /** `heldBytes`: a body up to this size is held in memory anyway, and so need not wait. */
  constructor(request: IncomingMessage, watch: (chunk: Buffer) => void, heldBytes = 0) {
    this.#request = request;
    this.#watch = watch;
    const length = request.headers['content-length'];
    this.length = length === undefined ? undefined : Number(length);
    const isHeld = (this.length ?? 0) <= heldBytes;
    this.#maxWaitingBytes = isHeld ? Math.max(MAX_WAITING_BYTES, heldBytes) : MAX_WAITING_BYTES;
    // A client that leaves shows as the response's close; without a listener the request's error would end the process.
    request.on('error', ignore);
  }

  /** Starts reading; `send` is called once, as soon as it is clear which body there is. */
  begin(send: (body: UploadBody) => void): void {
    this.#hasBegun = true;
    this.#send = send;
    if (!this.#hasBody()) {
      this.#ends();
      return;
    }
    this.#request.on('data', (chunk: Buffer) => this.#takes(chunk));
    this.#request.on('end', () => this.#ends());
    // Asked now, the request hands on what comes as it is parsed, in this turn; else it would keep it until the next.
    this.#request.read(0);
  }

  /** Reads the rest without sending it. */
  discard(): void {
    if (!this.#hasBegun) this.begin(() => undefined);
    this.#send = undefined;
    this.#body?.destroy();
    this.#request.resume();
  }

  get isRead(): boolean {
    return this.#isRead;
  }

  /** Runs `task` when the whole body has been read, which may be now. */
  whenRead(task: () => void): void {
    if (this.#isRead) task();
    else this.#onRead = task;
  }

  /** Stops the upstream's waiting: the client will send no more. */
  abort(): void {
    this.#body?.destroy();
  }

  /** RFC 9112 section 6.3: without either header a request has no body. */
  #hasBody(): boolean {
    return (this.length ?? 0) > 0 || this.#request.headers['transfer-encoding'] !== undefined;
  }

  #takes(chunk: Buffer): void {
    this.#watch(chunk);
    const send = this.#send;
    if (send !== undefined) {
      this.#send = undefined;
      if (chunk.length === this.length) {
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
    this.#isRead = true;
    this.#send?.(undefined);
    this.#send = undefined;
    if (this.#body?.destroyed === false) this.#body.push(null);
    this.#onRead?.();
  }

  #createBody(): Readable {
    const request = this.#request;
    const body = new Readable({
      highWaterMark: this.#maxWaitingBytes,
      read: () => void request.resume(),
      destroy: (error, done) => {
        request.resume();
        done(error);
      },
    });
    return body;
  }
}

function ignore(): void {}
