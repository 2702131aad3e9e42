import type { SourceSink } from '../../event/sink.ts';
import { LineSplitter } from './line-splitter.ts';
import type { LineParser, LineResult } from './parsed-line.ts';

/** Longest line that is read unless configured: a request log line with a full error body is far below it. */
export const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;

export interface IntakeOptions {
  readonly sink: SourceSink;
  readonly parse: LineParser;
  /** DEFAULT_MAX_LINE_BYTES unless given. */
  readonly maxLineBytes?: number | undefined;
}

/**
 * Where bytes become lines and lines become events: the one place that keeps the promise
 * lines = events + filtered + rejected, for whatever the bytes come from.
 */
export class Intake {
  #sink: SourceSink;
  #parse: LineParser;
  readonly #splitter: LineSplitter;

  constructor({ sink, parse, maxLineBytes = DEFAULT_MAX_LINE_BYTES }: IntakeOptions) {
    this.#sink = sink;
    this.#parse = parse;
    this.#splitter = new LineSplitter({
      maxLineBytes,
      onLine: (bytes, start, end) => this.#handOn(this.#parse(bytes, start, end)),
      onTooLong: () => this.#sink.reject('too_long'),
    });
  }

  /** Reads on under other rules. A line that was begun is kept and ends under the new ones. */
  reconfigure({ sink, parse, maxLineBytes = DEFAULT_MAX_LINE_BYTES }: IntakeOptions): void {
    this.#sink = sink;
    this.#parse = parse;
    this.#splitter.maxLineBytes = maxLineBytes;
  }

  get heldBytes(): number {
    return this.#splitter.heldBytes;
  }

  push(chunk: Buffer): void {
    this.#sink.read(chunk.length, this.#splitter.push(chunk));
  }

  /** The source ended in good order, so a last line without its newline is a whole line. */
  finish(): void {
    const lines = this.#splitter.finish();
    if (lines > 0) this.#sink.read(0, lines);
  }

  /** The rest of a line that was begun will never come: it counts as one line, rejected. */
  abandon(): void {
    const leftover = this.#splitter.abandon();
    if (leftover === 'nothing') return;
    this.#sink.read(0, 1);
    this.#sink.reject(leftover === 'line' ? 'unterminated' : 'too_long');
  }

  #handOn(result: LineResult): void {
    if (typeof result === 'object') this.#sink.event(result);
    else if (result === 'filtered') this.#sink.filtered();
    else this.#sink.reject(result);
  }
}
