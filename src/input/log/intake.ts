import type { SourceSink } from '../../event/sink.ts';
import { type Ahead, LineSplitter } from './line-splitter.ts';
import type { LineParser, LineResult, Piece } from './parsed-line.ts';
import { rejectedShape } from './rejected-shape.ts';

/** Longest line that is read unless configured: a request log line with a full error body is far below it. */
export const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;

const CR = 0x0d;

export interface IntakeOptions {
  readonly sink: SourceSink;
  /** Makes the reader of one file's lines. Each file has its own: some join what a container runtime or a logger wrote as several lines. */
  readonly parserFor: () => LineParser;
  /** DEFAULT_MAX_LINE_BYTES unless given. */
  readonly maxLineBytes?: number | undefined;
}

/** How a source goes on that was read before. */
export interface IntakeStart {
  /** Reading goes on inside an over-long line. */
  readonly isSkipping?: boolean | undefined;
}

/**
 * Where bytes become lines and lines become events: the one place that keeps the promise
 * lines = events + filtered + rejected, for whatever the bytes come from. Bytes are told when they belong to lines that are told: those
 * of a line that was only begun come with its end, so that a place to go on from after a restart and all counts fall on one boundary.
 */
export class Intake {
  #sink: SourceSink;
  #parse: LineParser;
  readonly #splitter: LineSplitter;

  constructor(
    { sink, parserFor, maxLineBytes = DEFAULT_MAX_LINE_BYTES }: IntakeOptions,
    { isSkipping }: IntakeStart = {},
  ) {
    this.#sink = sink;
    this.#parse = parserFor();
    this.#splitter = new LineSplitter({
      maxLineBytes,
      isSkipping,
      onLine: (bytes, start, end) =>
        this.#handOn(this.#parse(bytes, start, end), () => rejectedShape(bytes, start, end)),
      ahead: (piece) => this.#readAhead(piece),
      onTooLong: () => this.#sink.reject('too_long'),
    });
  }

  /** Reads on under other rules. A line that was begun is kept and ends under the new ones. */
  reconfigure({ sink, parserFor, maxLineBytes = DEFAULT_MAX_LINE_BYTES }: IntakeOptions): void {
    this.#sink = sink;
    this.#parse = parserFor();
    this.#splitter.maxLineBytes = maxLineBytes;
  }

  get heldBytes(): number {
    return this.#splitter.heldBytes;
  }

  /** Bytes taken in that were not told of yet: the line that was begun. */
  get pendingBytes(): number {
    return this.#splitter.pendingBytes;
  }

  get isSkipping(): boolean {
    return this.#splitter.isSkipping;
  }

  push(chunk: Buffer): void {
    const { pendingBytes, nulBytes } = this.#splitter;
    const lines = this.#splitter.push(chunk);
    const nuls = this.#splitter.nulBytes - nulBytes;
    this.#sink.read(pendingBytes + chunk.length - nuls - this.#splitter.pendingBytes, lines);
  }

  /** The source ended in good order, so a last line without its newline is a whole line. */
  finish(): void {
    const begun = this.#splitter.pendingBytes;
    const lines = this.#splitter.finish();
    if (lines > 0) this.#sink.read(begun, lines);
  }

  /** The rest of a line that was begun will never come: it counts as one line, rejected. */
  abandon(): void {
    const begun = this.#splitter.pendingBytes;
    const leftover = this.#splitter.abandon();
    if (leftover === 'nothing') return;
    this.#sink.read(begun, 1);
    this.#sink.reject(leftover === 'line' ? 'unterminated' : 'too_long');
  }

  #readAhead(piece: Piece): Ahead {
    const taken = this.#parse.ahead?.read(piece);
    if (taken === undefined || taken.end === piece.start) return { lines: 0, end: piece.start };
    const { batch, filtered, result, end } = taken;
    if (batch.length > 0) this.#sink.batch(batch);
    for (let line = 0; line < filtered; line += 1) this.#sink.filtered();
    const lines = batch.length + filtered;
    if (result === undefined) return { lines, end };
    const lineEnd = piece.bytes[end - 2] === CR ? end - 2 : end - 1;
    this.#handOn(result, () => rejectedShape(piece.bytes, piece.start, lineEnd));
    return { lines: lines + 1, end };
  }

  #handOn(result: LineResult, shape: () => string): void {
    if (typeof result === 'object') this.#sink.event(result);
    else if (result === 'filtered') this.#sink.filtered();
    else this.#sink.reject(result, shape);
  }
}
