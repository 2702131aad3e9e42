import { Intake, type IntakeOptions } from '../intake.ts';
import type { Position } from '../positions/position.ts';
import type { Descriptor, FileIdentity } from './descriptor.ts';
import { PRINT_BYTES, Trail } from './fingerprint.ts';
import { endOfHole } from './hole.ts';
import type { LogFile } from './log-file.ts';

const LF = 10;
const NUL = 0;

/** Where the reading of a file begins: at a position that it was known to have, or at an end of it. */
export type FileStart = 'beginning' | 'end' | Position;

/** A file was cut while it was read: how far it was read before, and the line that was begun. */
export interface Cut {
  readonly position: Position;
  readonly begun: Intake;
}

export interface OpenFileOptions {
  /** The path for which it is read. */
  readonly followedPath: string;
  readonly start: FileStart;
  readonly intake: IntakeOptions;
  readonly buffer: Buffer;
  /** The file was found to have been cut; it is read again from its start with the next read. */
  readonly onCut: (file: OpenFile, cut: Cut) => void;
}

/**
 * One open log file and how far it has been read.
 *
 * Each read begins a marker's length before the place. If those bytes are not the ones read last time, the file was cut short, or
 * cut short and filled again; since check and data come from one system call, no moment lies between them in which that could go
 * unseen. The file is then read again from its start. What cannot be seen: a file cut and filled again up to the same place with
 * the same bytes before it.
 */
export class OpenFile implements LogFile {
  named = true;
  quietSinceMs: number | undefined;
  readonly isOver = false;
  readonly isPacked = false;
  readonly isUndecided = false;
  readonly #descriptor: Descriptor;
  readonly #followedPath: string;
  readonly #onCut: OpenFileOptions['onCut'];
  #options: IntakeOptions;
  #intake: Intake;
  #trail = new Trail();
  /** The last change that is known to have been none of a cut file: it was seen before a read that found the file uncut. */
  #mtimeMs: number;
  #statMs: number;
  #position: Position | undefined;

  /** Takes over the descriptor. Throws if the place to begin at cannot be found or read. `buffer` is scratch space. */
  constructor(descriptor: Descriptor, { start, followedPath, intake, buffer, onCut }: OpenFileOptions) {
    this.#descriptor = descriptor;
    this.#followedPath = followedPath;
    this.#options = intake;
    this.#onCut = onCut;
    const isSkipping = typeof start === 'object' && start.isSkipping;
    this.#intake = new Intake(intake, { isSkipping });
    const { size, mtimeMs } = descriptor.stat();
    this.#mtimeMs = mtimeMs;
    this.#statMs = mtimeMs;
    if (typeof start === 'object') this.#beginAt(start.offset);
    if (start === 'end') this.#beginAt(this.#lastBoundary(size, buffer));
  }

  get identity(): FileIdentity {
    return this.#descriptor.identity;
  }

  get path(): string {
    return this.#descriptor.path;
  }

  get heldBytes(): number {
    return this.#intake.heldBytes;
  }

  /** How far was read. */
  get end(): number {
    return this.#trail.end;
  }

  reconfigure(options: IntakeOptions): void {
    this.#options = options;
    this.#intake.reconfigure(options);
  }

  read(buffer: Buffer, limit: number): number {
    const { tail, end } = this.#trail;
    const overlap = tail.length;
    const length = this.#descriptor.read(buffer, Math.min(buffer.length, overlap + limit), end - overlap);
    if (length < overlap || buffer.compare(tail, 0, overlap, 0, overlap) !== 0) {
      this.#restart();
      return 0;
    }
    if (this.#mtimeMs !== this.#statMs) this.#position = undefined;
    this.#mtimeMs = this.#statMs;
    if (length === overlap) return 0;
    const chunk = buffer.subarray(overlap, length);
    this.#intake.push(chunk);
    this.#trail.pass(chunk, this.#intake.pendingBytes);
    if (chunk.at(-1) === NUL && this.#intake.pendingBytes === 0) this.#leapHole();
    this.#position = undefined;
    return chunk.length;
  }

  stat(): { readonly lagBytes: number; readonly isUnlinked: boolean } {
    try {
      const { size, mtimeMs, isUnlinked } = this.#descriptor.stat();
      this.#statMs = mtimeMs;
      return { lagBytes: Math.max(0, size - this.#trail.end), isUnlinked };
    } catch {
      // A network file system forgot the file (ESTALE). Reading it fails alike, and that is told.
      return { lagBytes: 0, isUnlinked: true };
    }
  }

  position(): Position {
    this.#position ??= {
      path: this.#descriptor.path,
      followedPath: this.#followedPath,
      identity: this.#descriptor.identity,
      offset: this.#trail.offset,
      isSkipping: this.#intake.isSkipping,
      head: this.#trail.head,
      marker: this.#trail.marker,
      mtimeMs: this.#mtimeMs,
    };
    return this.#position;
  }

  bytesAt(offset: number, length: number): Buffer {
    return this.#descriptor.bytesAt(offset, length);
  }

  isCut(): boolean {
    const { tail, end } = this.#trail;
    return !this.#descriptor.bytesAt(end - tail.length, tail.length).equals(tail);
  }

  abandon(): void {
    this.#intake.abandon();
    this.#trail.settle();
    this.#position = undefined;
  }

  close(): void {
    this.#descriptor.close();
  }

  #beginAt(offset: number): void {
    const head = this.#descriptor.bytesAt(0, Math.min(offset, PRINT_BYTES));
    const markerAt = Math.max(0, offset - PRINT_BYTES);
    this.#trail = new Trail({ offset, head, marker: this.#descriptor.bytesAt(markerAt, offset - markerAt) });
  }

  /** Behind the last whole line: a half-written one is new once its end is written. */
  #lastBoundary(size: number, buffer: Buffer): number {
    const start = Math.max(0, size - buffer.length);
    const tail = buffer.subarray(0, this.#descriptor.read(buffer, size - start, start));
    // No newline in a whole buffer: inside an over-long line. Its end will be rejected, which is honest.
    const lastLine = tail.lastIndexOf(LF) + 1;
    return start + (lastLine === 0 && start > 0 ? tail.length : lastLine);
  }

  #leapHole(): void {
    if (this.#intake.isSkipping) return;
    const nuls = endOfHole(this.#descriptor, this.#trail.end) - this.#trail.end;
    this.#trail.passNuls(nuls);
  }

  #restart(): void {
    const cut = { position: this.position(), begun: this.#intake };
    this.#intake = new Intake(this.#options);
    this.#trail = new Trail();
    this.#position = undefined;
    this.#onCut(this, cut);
  }
}
