import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.ts';
import type { RequestHead } from '../http/request-head.ts';
import { RequestParser } from '../http/request-parser.ts';
import type { IdlePlace } from '../limits/idle-line.ts';
import { refusalOfUnreadable } from '../limits/strictness.ts';
import { HEAD_TOO_SLOW, type OwnAnswer, TOO_SLOW } from '../own-answer.ts';
import { readBytes } from '../upstream/reads.ts';
import { Arrival } from './arrival.ts';
import { type BodyReader, ClientRequest } from './client-request.ts';
import { HeldBytes } from './held-bytes.ts';

/** What serves a request; a connection has one at a time. */
export interface Running {
  /** It asks for another protocol: what comes behind it may be that. */
  readonly isTunnel?: boolean;
  /** The client's side is over, answered or not. */
  clientGone(): void;
  /** The client has taken what waited for it. */
  drained(): void;
  /** The rest of the request will not come, or not as a request. */
  fail(answer: OwnAnswer): void;
  /** The proxy will not wait any longer. */
  stop(): void;
}

export interface ClientConnectionOptions<T extends Running> {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly maxHeadBytes: number;
  /** The head of a request is here. Where it is to be served, `begin` is called before this returns. */
  readonly onRequest: (connection: ClientConnection<T>, request: ClientRequest) => void;
  /** What came is no request, and none is under way. */
  readonly onMalformed: (connection: ClientConnection<T>, answer: OwnAnswer) => void;
  /** It waits for a request, or no longer does. */
  readonly onIdle: (connection: ClientConnection<T>, isIdle: boolean) => void;
  /** Something of a request is awaited: `look` is to be called from time to time. */
  readonly onAwaits: () => void;
  readonly onClosed: (connection: ClientConnection<T>) => void;
}

/**
 * How long a client that is still sending may go on once it has its answer. Closing a connection under such a client would
 * reset it, and it could lose the answer that it has not read yet; and the model may stand at the end of what it sends.
 */
export const LINGER_MS = 1000;

/** What a client may say before it has its answer, the next request or another protocol; the rest waits in the system. */
const MAX_HELD_BYTES = 64 * 1024;
const NOBODY: BodyReader = { data: () => undefined, end: () => undefined };

/**
 * One client's connection and the requests that come on it, one after the other (RFC 9112 section 9.3.2): what comes behind a request is not
 * looked at before that has its answer, or a POST could be overtaken by the GET that asks what became of it.
 *
 *   idle → head → body → (answer may begin before the body is here) → answered → idle | last → closed
 *
 * It is read from all the time, so that a client that leaves is noticed; what came too early is held, and counted where its client does not
 * wait for it. Behind the last answer our half is closed at once, and the rest when the client has closed its own or has had its time
 * (RFC 9112 section 9.6). After bytes that are no request nobody knows where the next one would begin: from there it is deaf.
 */
export class ClientConnection<T extends Running> implements IdlePlace<ClientConnection<T>> {
  readonly socket: Socket;
  idleSinceMs: number | undefined;
  older: ClientConnection<T> | undefined;
  newer: ClientConnection<T> | undefined;
  /** It came when there were too many. */
  isSurplus = false;
  readonly #options: ClientConnectionOptions<T>;
  readonly #parser: RequestParser;
  readonly #stopReading: () => void;
  #running: T | undefined;
  /** The one whose body is still to come. */
  #request: ClientRequest | undefined;
  readonly #held = new HeldBytes(MAX_HELD_BYTES);
  readonly #arrival: Arrival;
  #isLast = false;
  #isReading = false;
  #isDeaf = false;
  #isClosed = false;
  #cancelLinger: (() => void) | undefined;

  constructor(options: ClientConnectionOptions<T>) {
    const { socket, clock, maxHeadBytes } = options;
    this.#options = options;
    this.socket = socket;
    this.#parser = new RequestParser(
      {
        head: (head) => this.#head(head),
        data: (chunk) => this.#request?.takes(chunk),
        end: (trailers) => this.#requestEnds(trailers),
      },
      maxHeadBytes,
    );
    this.#arrival = new Arrival(clock.elapsedMs());
    options.onAwaits();
    // Its close says the same and is handled.
    socket.on('error', () => undefined);
    socket.on('close', this.#socketCloses).on('end', this.#socketEnds).on('drain', this.#drains);
    this.#stopReading = readBytes(socket, this.#receives);
  }

  /** What is under way. */
  get running(): T | undefined {
    return this.#running;
  }

  /** It takes no further request, and closes behind the answer that is owed. */
  get isLast(): boolean {
    return this.#isLast;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Nothing of a request has come since the last answer. */
  get isWaiting(): boolean {
    return this.idleSinceMs !== undefined || this.socket.bytesRead === 0;
  }

  /** What serves the request whose head has come. */
  begin(running: T): void {
    // One that is counted behind its client's back is over before it began.
    if (!this.#isClosed) this.#running = running;
  }

  /** All that there will be of the answer has been handed to the system. */
  answered(): void {
    if (!this.#isLast) return;
    if (this.#request === undefined && this.#held.length === 0) this.socket.destroySoon();
    else this.linger();
  }

  /** What was under way is over, and counted. */
  end(running: T): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    // What is still on its way is read, or the next request could not be found.
    this.#request?.readTo(NOBODY);
    this.#request?.resume();
    if (this.#isClosed) return;
    // In a turn of its own: who sends thousands of requests at once must not make a stack of them.
    if (this.#held.length > 0) setImmediate(() => this.#goOn());
    // Else its own end may have ended it, and what came with that is read next.
    else if (!this.#isReading) this.#rests();
  }

  /** Takes no further request on this connection. */
  refuseMore(): void {
    this.#isLast = true;
    if (this.#request === undefined) this.#isDeaf = true;
  }

  /** Closes our half now, and the rest a little later. */
  linger(): void {
    this.refuseMore();
    this.socket.end();
    this.socket.resume();
    this.#cancelLinger ??= this.#options.clock.after(LINGER_MS, () => void this.socket.destroy());
  }

  /** Gives the socket away, which is HTTP no more; hands back what came behind the request. */
  release(): Buffer {
    this.#stopReading();
    this.socket.off('end', this.#socketEnds).off('drain', this.#drains);
    return this.#held.take();
  }

  /** Ends what comes too slowly; hands back whether something of a request is still awaited. */
  look(allowedMs: number): boolean {
    const request = this.#request;
    const isAwaited = request !== undefined || this.#arrival.awaitsHead;
    if (!isAwaited || this.#isDeaf || this.#isClosed) return false;
    const { bytesRead } = this.socket;
    const nowMs = this.#options.clock.elapsedMs();
    const lateness = this.#arrival.look({ nowMs, allowedMs, bytesRead, isPaused: request?.isPaused === true });
    if (lateness === 'in_time') return true;
    // A connection that was opened ahead of its use is no request, and what is dropped anyway is told nothing.
    if (lateness === 'head_late' && bytesRead > 0) this.#refuse(HEAD_TOO_SLOW);
    else if (lateness === 'body_late' && this.#running !== undefined) this.#running.fail(TOO_SLOW);
    else this.socket.destroy();
    return false;
  }

  readonly #receives = (bytes: Buffer): void => {
    if (this.#isDeaf) return;
    if (this.#isServing || this.#held.length > 0) this.#hold(bytes);
    else this.#read(bytes);
  };

  /** A request is here as a whole and has no answer yet. */
  get #isServing(): boolean {
    return this.#running !== undefined && this.#request === undefined;
  }

  #read(bytes: Buffer): void {
    let rest = bytes;
    this.#isReading = true;
    try {
      while (rest.length > 0 && !this.#isServing && !this.#isDeaf) rest = this.#parser.push(rest);
    } catch (error) {
      this.#refuse(refusalOfUnreadable(error));
      return;
    } finally {
      this.#isReading = false;
    }
    if (rest.length > 0 && !this.#isDeaf) this.#hold(rest);
    this.#rests();
  }

  #head(head: RequestHead): void {
    const request = new ClientRequest(head, this.socket);
    this.#request = request;
    this.#options.onIdle(this, false);
    this.#arrival.headEnds();
    this.#isLast ||= !head.keepAlive;
    this.#options.onRequest(this, request);
  }

  #requestEnds(trailers: readonly string[]): void {
    const request = this.#request;
    this.#request = undefined;
    if (this.#isLast && this.#running?.isTunnel !== true) this.#isDeaf = true;
    request?.ends(trailers);
  }

  /** All that came has been dealt with. */
  #rests(): void {
    if (this.#isDeaf || this.#isServing) return;
    if (this.#request === undefined && this.#parser.isInHead) this.#arrival.headBegins(this.#options.clock.elapsedMs());
    // Blank lines between requests are no sign of one: it stays idle since when it was.
    const isIdle = this.#request === undefined && !this.#arrival.awaitsHead;
    this.#options.onIdle(this, isIdle);
    if (!isIdle) this.#options.onAwaits();
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    if (this.#held.isFull) this.socket.pause();
  }

  /** Reads what came too early. */
  #goOn(): void {
    if (this.#isClosed || this.#isDeaf) return;
    const held = this.#held.take();
    // Before it is read: what is read may ask its client to wait.
    this.socket.resume();
    this.#read(held);
  }

  #refuse(answer: OwnAnswer): void {
    this.#isLast = true;
    this.#isDeaf = true;
    if (this.#running !== undefined) this.#running.fail(answer);
    else if (this.#request === undefined) this.#options.onMalformed(this, answer);
    // The rest of a request that has its answer and is counted.
    else this.linger();
  }

  readonly #drains = (): void => this.#running?.drained();

  /** The client has closed its half: it has left, as nginx has it, unless nothing is owed. */
  readonly #socketEnds = (): void => {
    const isInRequest = this.#request !== undefined || this.#parser.isInHead;
    if (isInRequest && !this.#isDeaf) this.socket.destroy();
    else this.socket.end();
  };

  readonly #socketCloses = (): void => {
    this.#isClosed = true;
    this.#cancelLinger?.();
    const isHttp = this.#running?.isTunnel !== true;
    this.#running?.clientGone();
    if (isHttp) this.#countHeld();
    this.#options.onClosed(this);
  };

  /** Requests that came behind the one under way are requests that a client did not wait for. */
  #countHeld(): void {
    let rest = this.#held.take();
    try {
      while (rest.length > 0 && !this.#isDeaf) rest = this.#parser.push(rest);
    } catch (error) {
      // Nobody is there to be told; a fault of our own is thrown on.
      refusalOfUnreadable(error);
    }
  }
}
