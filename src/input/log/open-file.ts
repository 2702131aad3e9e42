import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Intake, IntakeOptions } from './intake.ts';

const LF = 10;

/**
 * Bytes before the read position that are kept and compared on every read. Log lines of one format often have equal lengths and
 * equal ends; this many hold at least one whole usual line, with its time and request id.
 */
const MARKER_BYTES = 1024;

/** What makes a file the same file under another name. BigInt: 64-bit inode numbers do not fit a JavaScript number. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  /** Tells a file from its successor under the same number; the same for all where the file system does not keep it. */
  readonly birthtimeNs: bigint;
}

/** Whether two looks at files saw one file, at least one of which is held open: its number is not given to another meanwhile. */

export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

export interface OpenFileOptions {
  /** The file whose content up to now is to be passed over; any other is read from its beginning. */
  readonly passOver: FileIdentity | undefined;
  readonly intake: Intake;
  readonly buffer: Buffer;
  /** Called when the file is found to have been cut short, before it is read again from its start. */
  readonly onTruncated: () => void;
}

/** Something that can be opened but not followed: a folder, a pipe, a device. */
export class NotAFileError extends Error {
  override readonly name = 'NotAFileError';
  readonly code = 'ENOTFILE';
}

/**
 * One open log file and how far it has been read.
 *
 * Each read begins a marker's length before the position. If those bytes are not the ones read last time, the file was cut short, or
 * cut short and filled again; since check and data come from one system call, no moment lies between them in which that could go
 * unseen. The file is then read again from its start. What cannot be seen: a file cut and filled again up to the same place with
 * the same bytes before it.
 */
export class OpenFile {
  readonly identity: FileIdentity;
  /** Whether the followed path still leads here; kept by the follower. */
  named = true;
  /** Whether what was there when it was opened is passed over. */
  readonly isPassedOver: boolean;
  /** Since when, on the elapsed clock, reads have found nothing more; kept by the follower. */
  quietSinceMs: number | undefined;
  readonly #descriptor: number;
  readonly #intake: Intake;
  readonly #onTruncated: () => void;
  readonly #marker = Buffer.alloc(MARKER_BYTES);
  #markerLength = 0;
  #position = 0;

  /** Throws what the file system throws, or NotAFileError. `buffer` is scratch space. */
  constructor(path: string, { passOver, intake, buffer, onTruncated }: OpenFileOptions) {
    // O_NONBLOCK does nothing to a file, but opening a pipe that nobody writes to would stop the whole process without it.
    this.#descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#intake = intake;
    this.#onTruncated = onTruncated;
    try {
      const stat = fstatSync(this.#descriptor, { bigint: true });
      if (!stat.isFile()) throw new NotAFileError('not a regular file');
      this.identity = stat;
      this.isPassedOver =
        passOver !== undefined && isSameFile(passOver, stat) && passOver.birthtimeNs === stat.birthtimeNs;
      if (this.isPassedOver) this.#skipToEnd(buffer);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get heldBytes(): number {
    return this.#intake.heldBytes;
  }

  /** Hands the lines that come on under other rules. */
  reconfigure(options: IntakeOptions): void {
    this.#intake.reconfigure(options);
  }

  /**
   * Reads at most `limit` bytes, and no more than the buffer holds, and hands their lines on. Returns the bytes taken, 0 at the end of
   * the file. Throws file system errors.
   */
  read(buffer: Buffer, limit: number): number {
    const overlap = this.#markerLength;
    const wanted = Math.min(buffer.length, overlap + limit);
    const length = readSync(this.#descriptor, buffer, 0, wanted, this.#position - overlap);
    if (length < overlap || buffer.compare(this.#marker, 0, overlap, 0, overlap) !== 0) {
      this.#restart();
      return this.read(buffer, limit);
    }
    if (length === overlap) return 0;
    this.#position += length - overlap;
    this.#keepMarker(buffer.subarray(0, length));
    this.#intake.push(buffer.subarray(overlap, length));
    return length - overlap;
  }

  /** Bytes written but not read yet, and whether no name in the file system leads here any more. Never throws. */
  stat(): { readonly lagBytes: number; readonly isUnlinked: boolean } {
    try {
      const { size, nlink } = fstatSync(this.#descriptor);
      return { lagBytes: Math.max(0, size - this.#position), isUnlinked: nlink === 0 };
    } catch {
      // A network file system forgot the file (ESTALE). Reading it fails alike, and that is told.
      return { lagBytes: 0, isUnlinked: true };
    }
  }

  /** Lets the descriptor go. A line that was begun is not counted: whoever opens the file again starts at its first byte. */
  close(): void {
    try {
      closeSync(this.#descriptor);
    } catch {
      // Only writers can lose something here, and the descriptor is gone in any case (close(2), "Dealing with error returns").
    }
  }

  /** Lets the descriptor go for good: nobody will write the rest of a line that was begun. */
  closeForGood(): void {
    this.#intake.abandon();
    this.close();
  }

  /** Passes over what is there now, up to the last whole line: a half-written one is new once its end is written. */
  #skipToEnd(buffer: Buffer): void {
    const { size } = fstatSync(this.#descriptor);
    const start = Math.max(0, size - buffer.length);
    const tail = buffer.subarray(0, readSync(this.#descriptor, buffer, 0, size - start, start));
    // No newline in a whole buffer: inside an over-long line. Its end will be rejected, which is honest.
    const lastLine = tail.lastIndexOf(LF) + 1;
    const end = lastLine === 0 && start > 0 ? tail.length : lastLine;
    this.#position = start + end;
    this.#keepMarker(tail.subarray(0, end));
  }

  #restart(): void {
    this.#position = 0;
    this.#markerLength = 0;
    this.#intake.abandon();
    this.#onTruncated();
  }

  #keepMarker(upToPosition: Buffer): void {
    this.#markerLength = Math.min(MARKER_BYTES, upToPosition.length);
    upToPosition.copy(this.#marker, 0, upToPosition.length - this.#markerLength);
  }
}
