import type { Socket } from 'node:net';
import { type FlatHeaders, headerValue } from '../../../provider/headers/parsed-headers.ts';
import type { RequestFraming, RequestHead } from '../http/request-head.ts';

/** Who hears the body of a request; each piece is its own from then on. */
export interface BodyReader {
  data(chunk: Buffer): void;
  end(): void;
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** One request of a client: its head, and its body as it comes. What comes before somebody reads it is dropped. */
export class ClientRequest implements RequestHead {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: FlatHeaders;
  readonly keepAlive: boolean;
  readonly framing: RequestFraming;
  readonly #socket: Socket;
  #trailers: FlatHeaders = [];
  #isComplete = false;
  #isPaused = false;
  #reader: BodyReader | undefined;
  #whenComplete: (() => void)[] = [];

  constructor({ method, url, httpVersion, headers, keepAlive, framing }: RequestHead, socket: Socket) {
    this.method = method;
    this.url = url;
    this.httpVersion = httpVersion;
    this.headers = headers;
    this.keepAlive = keepAlive;
    this.framing = framing;
    this.#socket = socket;
  }

  /** Of its body, in bytes; undefined where the head does not tell. */
  get length(): number | undefined {
    if (this.framing.kind === 'length') return this.framing.length;
    return this.framing.kind === 'none' ? 0 : undefined;
  }

  /** Those behind a chunked body, flat; none before its end. */
  get trailers(): FlatHeaders {
    return this.#trailers;
  }

  /** All of it is here. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The client has to wait. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Lets a client send its body that asked whether it shall (RFC 9110 section 10.1.1); what is refused by its head alone need not be sent. */
  accept(): void {
    if (this.framing.kind === 'none' || this.httpVersion !== '1.1' || !this.#socket.writable) return;
    if (headerValue(this.headers, 'expect')?.toLowerCase() === '100-continue') this.#socket.write(CONTINUE, 'latin1');
  }

  readTo(reader: BodyReader): void {
    this.#reader = reader;
  }

  /** Runs `task` when all of it is here, which may be now. */
  whenComplete(task: () => void): void {
    if (this.#isComplete) task();
    else this.#whenComplete.push(task);
  }

  /** Asks the client to wait; a piece that is here already still comes. */
  pause(): void {
    if (this.#isComplete || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** For its connection: a piece of the body has come. */
  takes(chunk: Buffer): void {
    this.#reader?.data(chunk);
  }

  /** For its connection: the body has ended. */
  ends(trailers: FlatHeaders): void {
    this.#isComplete = true;
    this.#trailers = trailers;
    this.resume();
    this.#reader?.end();
    const tasks = this.#whenComplete;
    this.#whenComplete = [];
    for (const task of tasks) task();
  }
}
