import type { Duplex, Readable } from 'node:stream';

/** One request as it goes to the upstream. Headers are flat (name, value, name, value), in Latin-1. */
export interface CallRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: Readable | Buffer | undefined;
  /** No header tells the body's length: it is sent in chunks, be it empty, and Transfer-Encoding is added. */
  readonly isChunked: boolean;
  /** Trailers of a chunked request, asked for when its body has ended. */
  readonly trailers?: (() => readonly string[]) | undefined;
}

/** The head of an answer. Headers are flat and as the upstream wrote them: case, order and repetition kept, bytes as Latin-1. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly string[];
}

/**
 * Hears how a call goes, in this order: `onConnected`, `onSent` (which an early answer may overtake), any number of `onInformation`,
 * `onHead`, any number of `onData`, and one of the three ends: `onEnd`, `onUpgrade`, `onError`. After `abort` nothing more is heard.
 * Where a kept connection turns out to be closed and the request goes out anew, the first two are heard again.
 */
export interface CallHandler {
  /** A connection stands and the request begins to go out. */
  onConnected(): void;
  /** The system has taken the whole request. */
  onSent(): void;
  /** A 1xx other than 101. */
  onInformation(head: AnswerHead): void;
  onHead(head: AnswerHead): void;
  /**
   * False asks to stop until `resume`. The bytes stay as they are until what `flushAfterRead` put off has run: all connections read into one
   * buffer.
   */
  onData(chunk: Buffer): boolean;
  onEnd(trailers: readonly string[]): void;
  /**
   * 101: from here the connection carries another protocol, and belongs to the handler. It is paused; `first` is
   * what came with the head.
   */
  onUpgrade(head: AnswerHead, socket: Duplex, first: Buffer): void;
  /** `code`: Node's (`ECONNREFUSED`) or one of CALL_ERRORS. */
  onError(code: string, message: string): void;
}

/** What can go wrong with a call beside what the system says. */
export const CALL_ERRORS = {
  connect_timeout: 'no connection within the time allowed',
  headers_timeout: 'no answer within the time allowed',
  idle_timeout: 'the answer fell silent',
  closed_early: 'the upstream closed the connection before its answer was complete',
  invalid_answer: 'the upstream did not answer in valid HTTP/1.1',
  head_too_large: 'the head of the answer is larger than the limit',
  request_broken: 'the body of the request broke off',
  out_of_descriptors: 'this process, or its machine, may open no more connections',
  exporter_out_of_resources: 'this machine has no memory or port left for a connection',
} as const;
export type CallError = keyof typeof CALL_ERRORS;

/** A call under way. */
export interface Call {
  resume(): void;
  /** Ends it: the connection is closed, and the handler hears nothing more. */
  abort(): void;
}
