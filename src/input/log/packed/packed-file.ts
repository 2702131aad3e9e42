import type { Gunzip } from 'node:zlib';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { Descriptor, FileIdentity } from '../follow/descriptor.ts';
import { Trail } from '../follow/fingerprint.ts';
import type { LogFile } from '../follow/log-file.ts';
import { Intake, type IntakeOptions } from '../intake.ts';
import { errorCode } from '../path-look.ts';
import type { LogPositions } from '../positions/log-positions.ts';
import type { Kept, Position } from '../positions/position.ts';
import { matchPacked, type PackedMatch } from './packed-match.ts';
import { isUnexpectedEnd, unpack } from './unpack.ts';

/** How long a packed file that ends too early may stay as it is before nobody is expected to write the rest. */
const GIVE_UP_MS = 60_000;

/** How soon a packed copy of a log that is being read is looked at again: the log may have been cut by then. */
const COPY_AGAIN_MS = 30_000;

export interface PackedFileOptions {
  /** The path for which it is read. */
  readonly followedPath: string;
  readonly intake: IntakeOptions;
  readonly positions: LogPositions;
  /** Of a log that was cut and of which this may be the copy, made before its last lines were read. */
  readonly cut?: Kept | undefined;
  /** Whether it is read if nothing of it was read before. */
  readonly isWantedIfNew: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when there may be something to read, at any time. */
  readonly wake: () => void;
}

/**
 * A .gz file. It is unpacked beside the polls, by zlib's own threads, a bounded piece ahead; a poll takes what is ready and nothing
 * else, so counts and position change in one tick as they do for a plain file. Its life:
 * - Undecided: it is being compared with what was read before (packed-match.ts). Nothing is counted.
 * - Reading: bytes up to the position it was known to have are passed over, the rest is read.
 * - Stalled: it ended too early, since gzip is still at work; or it is a copy of a log that is being read. It is looked at again when it
 *   has changed, or after a while, and goes on where it was.
 * - Over: read to its end, not wanted, or not to be understood.
 * `close` may come at any time; nothing that was under way is taken up after it.
 */
export class PackedFile implements LogFile {
  named = false;
  quietSinceMs: number | undefined;
  readonly isPacked = true;
  readonly #descriptor: Descriptor;
  readonly #options: PackedFileOptions;
  #state: 'undecided' | 'reading' | 'stalled' | 'over' = 'undecided';
  #match: PackedMatch | undefined;
  #intakeOptions: IntakeOptions;
  #intake: Intake;
  #trail = new Trail();
  #plain: Gunzip | undefined;
  #failure: string | undefined;
  /** What was read of it before; bytes up to there are passed over. */
  #known: Position | undefined;
  #position: Position | undefined;
  /** The file as it was before its bytes were asked for: what came later may not be among them. */
  #seen: { readonly size: number; readonly mtimeMs: number };
  #stall = { sinceMs: 0, isCopy: false };
  #isClosed = false;

  constructor(descriptor: Descriptor, options: PackedFileOptions) {
    this.#descriptor = descriptor;
    this.#options = options;
    this.#intakeOptions = options.intake;
    this.#intake = new Intake(options.intake);
    this.#seen = descriptor.stat();
    this.#decide();
  }

  get path(): string {
    return this.#descriptor.path;
  }

  get identity(): FileIdentity {
    return this.#descriptor.identity;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  get isUndecided(): boolean {
    return this.#position === undefined && !this.isOver;
  }

  get end(): number {
    return this.#trail.end;
  }

  get heldBytes(): number {
    return this.#intake.heldBytes;
  }

  reconfigure(options: IntakeOptions): void {
    this.#intakeOptions = options;
    this.#intake.reconfigure(options);
  }

  read(_buffer: Buffer, limit: number): number {
    if (this.#match !== undefined) this.#takeUp(this.#match);
    if (this.#state === 'stalled') this.#tryAgain();
    const plain = this.#plain;
    if (this.#state !== 'reading' || plain === undefined) return 0;
    // Streams of node:zlib give Buffers unless told otherwise. Asked for nothing in particular, one looks for more.
    const chunk = plain.read(Math.min(limit, plain.readableLength) || undefined) as Buffer | null;
    if (chunk !== null) return this.#pass(chunk);
    if (this.#failure !== undefined) this.#fail(this.#failure);
    else if (plain.readableEnded) this.#finish();
    return 0;
  }

  stat(): { readonly lagBytes: number; readonly isUnlinked: boolean } {
    try {
      const { size, isUnlinked } = this.#descriptor.stat();
      // Packed bytes: how many they are unpacked nobody knows before they are.
      const left = this.#state === 'reading' ? Math.max(1, size - (this.#plain?.bytesWritten ?? 0)) : size;
      return { lagBytes: this.#state === 'reading' || this.#state === 'undecided' ? left : 0, isUnlinked };
    } catch {
      // A network file system forgot the file (ESTALE). Reading it fails alike, and that is told.
      return { lagBytes: 0, isUnlinked: true };
    }
  }

  position(): Position | undefined {
    return this.#position;
  }

  bytesAt(): Buffer {
    return Buffer.alloc(0);
  }

  isCut(): boolean {
    return false;
  }

  abandon(): void {
    this.#intake.abandon();
    this.#trail.settle();
    if (this.#position !== undefined) this.#position = this.#describe();
  }

  close(): void {
    this.#isClosed = true;
    this.#plain?.destroy();
    this.#descriptor.close();
  }

  #decide(): void {
    this.#state = 'undecided';
    this.#seen = this.#descriptor.stat();
    const { positions, cut } = this.#options;
    void matchPacked(this.#descriptor, positions, cut).then((match) => {
      if (this.#isClosed) return;
      this.#match = match;
      this.#options.wake();
    });
  }

  #takeUp(match: PackedMatch): void {
    this.#match = undefined;
    const { positions, isWantedIfNew } = this.#options;
    if (match.kind === 'known') {
      // Somebody else may have found it meanwhile; then it is to be looked at as if for the first time.
      if (positions.take(match.kept)) this.#begin(match.kept.position);
      else this.#decide();
    } else if (match.kind === 'new') {
      if (isWantedIfNew) this.#begin(undefined);
      else this.#state = 'over';
    } else if (match.kind === 'unsettled') this.#decide();
    else if (match.kind === 'corrupt') this.#giveUp(match.code);
    else if (match.kind === 'copy' && !this.named) this.#state = 'over';
    else this.#stalled(match.kind === 'copy');
  }

  #begin(known: Position | undefined, { isEndAnywhere = false } = {}): void {
    this.#state = 'reading';
    this.#seen = this.#descriptor.stat();
    this.#known = known;
    this.#failure = undefined;
    this.#intake = new Intake(this.#intakeOptions, { isSkipping: known?.isSkipping });
    this.#trail = new Trail();
    this.#position = this.#describe();
    const { wake } = this.#options;
    this.#plain = unpack(this.#descriptor, { isEndAnywhere })
      .on('readable', wake)
      .on('end', wake)
      .on('error', (error) => {
        this.#failure = errorCode(error);
        wake();
      });
  }

  #pass(chunk: Buffer): number {
    const skipped = Math.min(chunk.length, Math.max(0, (this.#known?.offset ?? 0) - this.#trail.end));
    if (skipped > 0) this.#trail.pass(chunk.subarray(0, skipped), 0);
    const rest = chunk.subarray(skipped);
    if (rest.length > 0) {
      this.#intake.push(rest);
      this.#trail.pass(rest, this.#intake.pendingBytes);
    }
    this.#position = this.#describe();
    return chunk.length;
  }

  /** While the known part is passed over, what was counted is what was known. */
  #describe(packedSize?: number): Position {
    const { path, identity } = this.#descriptor;
    const { followedPath } = this.#options;
    const known = this.#known;
    const { mtimeMs } = this.#seen;
    if (known !== undefined && this.#trail.end < known.offset) {
      return { ...known, path, followedPath, identity, mtimeMs, packedSize };
    }
    const { offset, head, marker } = this.#trail;
    const { isSkipping } = this.#intake;
    return { path, followedPath, identity, offset, isSkipping, head, marker, mtimeMs, packedSize };
  }

  #finish(): void {
    this.abandon();
    this.#state = 'over';
    // With its size known nobody takes it up again before it has changed, even if nothing could be read of it.
    this.#position = this.#describe(this.#seen.size);
  }

  #fail(code: string): void {
    if (isUnexpectedEnd(code)) this.#stalled(false);
    else this.#giveUp(code);
  }

  #giveUp(code: string): void {
    this.#options.log.warn('packed log file cannot be unpacked', { path: this.path, code });
    this.#finish();
  }

  #stalled(isCopy: boolean): void {
    this.#plain?.destroy();
    this.#state = 'stalled';
    this.#stall = { sinceMs: this.#options.clock.elapsedMs(), isCopy };
  }

  #tryAgain(): void {
    const { size, mtimeMs } = this.#descriptor.stat();
    const waitedMs = this.#options.clock.elapsedMs() - this.#stall.sinceMs;
    const hasChanged = size !== this.#seen.size || mtimeMs !== this.#seen.mtimeMs;
    if (!hasChanged && waitedMs < (this.#stall.isCopy ? COPY_AGAIN_MS : GIVE_UP_MS)) return;
    if (this.#position === undefined) {
      if (hasChanged || this.#stall.isCopy) this.#decide();
      else this.#giveUp('unexpected end');
    } else this.#begin(this.#position, { isEndAnywhere: !hasChanged });
  }
}
