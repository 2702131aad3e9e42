import { Readable } from 'node:stream';
import type { RequestEvent } from '../../../event/request-event.ts';
import type { AttemptListener } from '../attempt.ts';
import type { UploadBody } from '../client/upload.ts';
import type { ExchangeFacts } from '../outcome.ts';
import type { OwnAnswer } from '../own-answer.ts';
import { Tries, type TriesOptions, type TryEnding } from '../retry/tries.ts';
import type { ResponseFacts } from '../tap/stream-tap.ts';
import { shedAnswer } from './shed.ts';
import type { AskedTurn, TurnSource } from './turns.ts';

/**
 * Bodies up to this size are read while their request waits, so that the model is known wherever it stands (OpenAI's client for Python writes
 * the messages before it), and a client that leaves is noticed at once. A larger body stands still after its first 64 KiB.
 */
const WAITING_BODY_BYTES = 256 * 1024;

export interface QueuedTriesOptions extends Omit<TriesOptions, 'tried'> {
  /** Undefined: nobody waits. */
  readonly turns: TurnSource | undefined;
  /** Runs a task once it is known what the body says as far as it is here; mostly at once. */
  whenSaid(task: () => void): void;
  /** Answers in the upstream's place. */
  refuse(answer: OwnAnswer): void;
}

/**
 * The tries of one request, begun when it has its turn.
 *
 * It asks as soon as it is known which model it is for, or that no more can be read without sending it. The turn is kept from then to the
 * end of the upstream's work, through all retries and the waits between them: who waits because the API asked for it keeps load off an API that
 * has too much, and a request that had its turn once cannot be shed after all. A fallback gives the turn back, since it goes
 * elsewhere; there it asks for none, as its retry budget bounds it. A client that reads slowly does not keep a turn once the upstream is done.
 */
export class QueuedTries {
  readonly #options: QueuedTriesOptions;
  readonly #turns: TurnSource | undefined;
  readonly #tries: Tries;
  /** Set while the request is not ready to ask. */
  #start: (() => void) | undefined;
  #readBytes = 0;
  #maxReadBytes = 0;
  #turn: AskedTurn | undefined;
  #isOver = false;

  constructor(options: QueuedTriesOptions) {
    this.#options = options;
    this.#turns = options.turns?.isOn === true ? options.turns : undefined;
    this.#tries = new Tries(this.#turns === undefined ? options : this.#inTurn(options));
  }

  /** How much of a body is held, where requests may wait. */
  static heldBodyBytes(turns: TurnSource | undefined): number {
    return turns?.isOn === true ? WAITING_BODY_BYTES : 0;
  }

  /** The first piece of the body is here. */
  start(body: UploadBody): void {
    if (this.#turns === undefined) {
      this.#tries.start(body);
      return;
    }
    this.#start = () => this.#tries.start(body);
    // What came in one piece is complete as soon as that has been dealt with.
    this.#maxReadBytes = body instanceof Readable ? body.readableHighWaterMark : Number.POSITIVE_INFINITY;
    if (this.#isReady) this.#asks();
    else this.#options.request.whenComplete(() => this.#asks());
  }

  /** A piece of the request's body passes. */
  uploads(chunk: Buffer): void {
    this.#tries.uploads(chunk);
    this.#readBytes += chunk.length;
    if (this.#start !== undefined && this.#isReady) this.#asks();
  }

  resume(): void {
    this.#tries.resume();
  }

  /** Nobody waits for an answer any more. */
  leave(): void {
    this.#isOver = true;
    this.#tries.leave();
    this.#turn?.end();
  }

  /** No time is left: shows the client the try that another one was to follow. False where none was. */
  passHeld(): boolean {
    return this.#tries.passHeld();
  }

  finish(done: (facts: ResponseFacts) => void): void {
    this.#tries.finish(done);
  }

  facts(response: ResponseFacts, ending: TryEnding): ExchangeFacts {
    return this.#tries.facts(response, ending);
  }

  /** To be called with the final event, before that is handed over. */
  settle(event: RequestEvent): void {
    this.#tries.settle(event);
    const { guard, live } = this.#options;
    const turn = this.#turn;
    if (turn?.learns === true) guard('queue', undefined, () => turn.report(live.judge(event).cause));
    turn?.settle?.();
  }

  get #isReady(): boolean {
    return (
      this.#turns?.needsModel !== true ||
      this.#options.live.model !== undefined ||
      this.#readBytes >= this.#maxReadBytes
    );
  }

  #asks(): void {
    this.#options.whenSaid(() => this.#ask());
  }

  #ask(): void {
    const start = this.#start;
    if (this.#isOver || this.#turns === undefined || start === undefined) return;
    this.#start = undefined;
    const { request, live, refuse } = this.#options;
    this.#turn = this.#turns.turnOf(request, live.model, {
      granted: start,
      shed: (reason) => refuse(shedAnswer(reason)),
    });
    this.#turn.enter();
  }

  #inTurn(options: QueuedTriesOptions): TriesOptions {
    const listener = this.#endsTurn(options.listener);
    return { ...options, listener, tried: ({ cause }, isElsewhere) => this.#tried(cause, isElsewhere) };
  }

  #endsTurn(listener: AttemptListener): AttemptListener {
    return {
      ...listener,
      end: (trailers) => {
        this.#turn?.end();
        listener.end(trailers);
      },
    };
  }

  #tried(cause: string, isElsewhere: boolean): void {
    this.#turn?.report(cause);
    if (!isElsewhere) return;
    this.#turn?.end();
    this.#turn?.settle?.();
    this.#turn = undefined;
  }
}
