import type { Transform } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import type { ErrorFacts, TokenUsage } from '../../../event/request-event.ts';
import { readErrorBody, readStreamError } from '../../../provider/error-body.ts';
import { carriesContent, endsAnswer, frameUsage, isDoneMark, tellsMore } from '../../../provider/stream-events.ts';
import { findUsage, mergeUsage } from '../../../provider/usage.ts';
import { openDecoder } from './decode.ts';
import type { Guard } from './guard.ts';
import { createSseSplitter, type SseFrame, type SseSplitter } from './sse.ts';

/** What an answer said, known once it has passed. */
export interface ResponseFacts {
  readonly tokens?: TokenUsage | undefined;
  readonly error?: ErrorFacts | undefined;
  /** Set for event streams only. */
  readonly stream?: StreamFacts | undefined;
}

/** Times are the clock's `elapsedMs`. */
export interface StreamFacts {
  readonly firstTokenMs: number | undefined;
  readonly lastTokenMs: number | undefined;
  /** Whether the answer's documented end was seen; undefined when the stream could not be read. */
  readonly isComplete: boolean | undefined;
}

/** Watches an answer that passes by. */
export interface ResponseTap {
  /** The bytes are the tap's until the call ends. */
  push(chunk: Buffer): void;
  /** Hands over what was learnt, once; for a coded body that is a little later, off the request's path. */
  finish(done: (facts: ResponseFacts) => void): void;
  /** True as soon as an event stream has said that its answer is complete. */
  isComplete(): boolean;
}

/** Bytes that may wait for the decoder of a coded stream; beyond it the stream is no longer watched. */
const MAX_DECODER_BACKLOG_BYTES = 1024 * 1024;
/**
 * A stream that unpacks to more than this, and to so many times its size, is a bomb and no longer watched: deflate reaches
 * 1032, zstd and brotli far more, chat frames that differ in a word some 30.
 */
const MAX_DECODED_BYTES = 16 * 1024 * 1024;
const MAX_DECODED_RATIO = 100;
/** How long the end of a stream waits for the decoder, which seldom has more to do than its last chunk. */
const MAX_DECODER_WAIT_MS = 1000;

/** Watches an event stream: when its first and last tokens came, what it used, whether it failed, whether it ended. */
export function createStreamTap(coding: string, clock: Clock, guard: Guard): ResponseTap {
  const reader = new FrameReader(clock, guard);
  if (coding === '') return plainTap(reader);
  const decoder = openDecoder(coding);
  return decoder === undefined ? blindTap() : codedTap(reader, decoder, clock);
}

function plainTap(reader: FrameReader): ResponseTap {
  const splitter = splitterFor(reader);
  return {
    push: (chunk) => splitter.push(chunk),
    finish(done) {
      splitter.end();
      done(reader.facts());
    },
    isComplete: () => reader.isComplete,
  };
}

function splitterFor(reader: FrameReader): SseSplitter {
  return createSseSplitter({ onFrame: (frame) => reader.read(frame), onLong: (ends) => reader.readLong(ends) });
}

/**
 * Few servers compress event streams, but clients offer it. The decoder runs beside the request: when it falls behind,
 * meets damage or unpacks without end it is dropped, and the stream's end stays unknown rather than counted as missing.
 */
function codedTap(reader: FrameReader, decoder: Transform, clock: Clock): ResponseTap {
  const splitter = splitterFor(reader);
  let failed = false;
  let codedBytes = 0;
  let decodedBytes = 0;
  const giveUp = (): void => {
    failed = true;
    decoder.destroy();
  };
  decoder.on('data', (chunk: Buffer) => {
    decodedBytes += chunk.length;
    if (decodedBytes > Math.max(MAX_DECODED_BYTES, codedBytes * MAX_DECODED_RATIO)) giveUp();
    else splitter.push(chunk);
  });
  decoder.on('error', giveUp);
  return {
    push(chunk) {
      if (failed) return;
      codedBytes += chunk.length;
      decoder.write(Buffer.from(chunk));
      if (decoder.writableLength > MAX_DECODER_BACKLOG_BYTES) giveUp();
    },
    finish(done) {
      const cancel = clock.after(MAX_DECODER_WAIT_MS, giveUp);
      const report = (): void => {
        cancel();
        splitter.end();
        const facts = reader.facts();
        done(failed && facts.stream?.isComplete !== true ? blind(facts) : facts);
      };
      if (decoder.closed) report();
      else decoder.once('close', report).end();
    },
    isComplete: () => reader.isComplete,
  };
}

function blindTap(): ResponseTap {
  return {
    push: () => undefined,
    finish: (done) => done(blind({})),
    isComplete: () => false,
  };
}

function blind(facts: ResponseFacts): ResponseFacts {
  return {
    ...facts,
    stream: { firstTokenMs: undefined, lastTokenMs: undefined, ...facts.stream, isComplete: undefined },
  };
}

class FrameReader {
  readonly #clock: Clock;
  readonly #guard: Guard;
  #firstFrameMs: number | undefined;
  #firstTokenMs: number | undefined;
  #lastTokenMs: number | undefined;
  #tokens: TokenUsage | undefined;
  #error: ErrorFacts | undefined;
  isComplete = false;

  constructor(clock: Clock, guard: Guard) {
    this.#clock = clock;
    this.#guard = guard;
  }

  /** Never throws: with a decoder in between there is no caller left who could catch it. */
  read(frame: SseFrame): void {
    this.#guard('frame', undefined, () => this.#take(frame));
  }

  /** Of a frame that is too long to be read, an image or all of an answer, what it used is known all the same. */
  readLong(ends: string): void {
    this.#guard('frame', undefined, () => {
      this.#tokens = mergeUsage(this.#tokens, findUsage(ends));
    });
  }

  #take({ event, data }: SseFrame): void {
    const isMore = tellsMore(event, data);
    if (isMore) this.isComplete ||= endsAnswer(event, data);
    if (isMore && isDoneMark(data)) return;
    const nowMs = this.#clock.elapsedMs();
    this.#firstFrameMs ??= nowMs;
    if (this.#firstTokenMs === undefined && carriesContent(data)) this.#firstTokenMs = nowMs;
    this.#lastTokenMs = nowMs;
    if (!isMore) return;
    this.#tokens = mergeUsage(this.#tokens, frameUsage(data));
    // A frame of this name is an error however little else it says.
    this.#error ??= readStreamError(data) ?? (event === 'error' ? readErrorBody(data) : undefined);
  }

  facts(): ResponseFacts {
    // An unknown dialect still has a first frame; where the stream failed, that frame was the error and no token.
    const fallback = this.#error === undefined ? this.#firstFrameMs : undefined;
    const firstTokenMs = this.#firstTokenMs ?? fallback;
    return {
      tokens: this.#tokens,
      error: this.#error,
      stream: {
        firstTokenMs,
        lastTokenMs: firstTokenMs === undefined ? undefined : this.#lastTokenMs,
        isComplete: this.isComplete,
      },
    };
  }
}
