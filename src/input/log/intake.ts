import type { SourceSink } from '../../event/sink.ts';
import { LineSplitter } from './line-splitter.ts';
import type { LineParser } from './parsed-line.ts';

/** Longest line that is read unless configured: a request log line with a full error body is far below it. */
export const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;

export interface IntakeOptions {
  readonly sink: SourceSink;
  readonly parse: LineParser;
  readonly maxLineBytes?: number | undefined;
}

/**
 * Where bytes become lines and lines become events: the one place that keeps the promise
 * lines = events + filtered + rejected, for whatever the bytes come from.
 */
export class Intake {
  readonly #sink: SourceSink;
  readonly #splitter: LineSplitter;

  constructor({ sink, parse, maxLineBytes = DEFAULT_MAX_LINE_BYTES }: IntakeOptions) {
    this.#sink = sink;
    this.#splitter = new LineSplitter({
      maxLineBytes,
      onLine(bytes, start, end) {
        const result = parse(bytes, start, end);
        if (typeof result === 'object') sink.event(result);
        else if (result === 'filtered') sink.filtered();
        else sink.reject(result);
      },
      onTooLong: () => sink.reject('too_long'),
    });
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
}
