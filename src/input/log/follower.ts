import type { Clock } from '../../clock.ts';
import type { RotationKind } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { Intake, type IntakeOptions } from './intake.ts';
import { type FileIdentity, isSameFile, OpenFile } from './open-file.ts';
import { errorCode, lookAtPath, type PathLook } from './path-look.ts';

/** Most that one read takes. Also how far before a file's end its last line is looked for when what is there is passed over. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Most that one poll reads: about 2 ms of JSON lines read, classified and counted, in which nothing else runs. With less, a busy event
 * loop goes round more often for the same log: 64 KiB read a fifth slower beside proxied traffic.
 */
const DEFAULT_BYTES_PER_POLL = 96 * 1024;

/** nginx reopens its logs within moments of the signal; other writers are given time to notice. */
const DEFAULT_LINGER_MS = 5000;

/** Descriptors held for one path: the newest file and those before it which may still grow. */
const MAX_OPEN_FILES = 16;

/** Where reading begins in a file that is there already. */
export type StartAt = 'beginning' | 'end';

export interface FollowerOptions extends IntakeOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Where reading starts in a file that is there already; files that come later are read from their beginning. */
  readonly startAt: StartAt;
  /** Most that one poll reads. */
  readonly bytesPerPoll?: number | undefined;
  /** How long a file that lost its name must be quiet before it is let go: a writer needs time to notice a rotation. */
  readonly lingerMs?: number | undefined;
}

export interface PollResult {
  readonly up: boolean;
  readonly bytesRead: number;
  readonly lagBytes: number;
  /** Memory taken by lines whose end has not been read. */
  readonly heldBytes: number;
  /** One poll's limit was reached: there may be more to read at once. */
  readonly more: boolean;
}

/**
 * The life of a followed path. It polls instead of using `fs.watch`: a watch stays on the old inode after a rename, and network,
 * overlay and bind mounts do not report changes at all (https://nodejs.org/api/fs.html#caveats). One poll looks at the path, reads
 * what is new, and lets go of what is over. All of it is synchronous, so between two polls offsets and counts always agree, and
 * nothing can interrupt a poll but the file system itself.
 *
 * `#files` is a queue, oldest first, of the files the path has led to. Usually it holds one.
 * - Waiting, queue empty: the path leads nowhere yet, or to something that cannot be opened. Each poll tries again. With
 *   `startAt: 'end'` the first look that is told anything settles which file's content is passed over, if any; whatever takes its
 *   place is new and read from its beginning.
 * - Following, one file that the path leads to. The file itself notices when it is cut short (open-file.ts).
 * - Renamed: the path leads to another file, or to none. The old file keeps its place at the head of the queue, since writers go on
 *   with it until told to reopen; the new one is opened at once, so that a second rotation cannot hide it, but read only when those
 *   before it are at their end. A file without the name that has been quiet for `lingerMs` is closed, and a last line
 *   that never got its newline is rejected then.
 * - Removed: as renamed; with no file in its place the last one is kept until it is quiet, then closed, so that we do not hold
 *   the space of a deleted file on a full disk. A renamed one with nothing in its place is kept: the writer still has it.
 * - Trouble: a file system error leaves the queue as it is and says so once; when it is over, reading goes on where it was.
 *
 * What is lost: lines written to a file after it lost its name and was quiet for `lingerMs`; lines written and cut off between two
 * polls (copytruncate); files that came and went between two polls.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #bytesPerPoll: number;
  readonly #lingerMs: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #files: OpenFile[] = [];
  #intake: IntakeOptions;
  #isStartSettled: boolean;
  #passOver: FileIdentity | undefined;
  #trouble: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#intake = options;
    this.#bytesPerPoll = options.bytesPerPoll ?? DEFAULT_BYTES_PER_POLL;
    this.#lingerMs = options.lingerMs ?? DEFAULT_LINGER_MS;
    this.#isStartSettled = options.startAt === 'beginning';
  }

  /** Opens the file now, so that what is written after this call is read, and reads nothing. Never throws. */
  open(): void {
    this.#poll(0);
  }

  /** One bounded, synchronous step. Never throws. */
  poll(): PollResult {
    return this.#poll(this.#bytesPerPoll);
  }

  /** Reads on, where it was, under other rules. */
  reconfigure(options: IntakeOptions): void {
    this.#intake = options;
    for (const file of this.#files) file.reconfigure(options);
  }

  /** Lets the files go. The sink stays open: its owner closes it. */
  close(): void {
    for (const file of this.#files.splice(0)) file.close();
  }

  #poll(budget: number): PollResult {
    let trouble = this.#look();
    const drained = this.#drain(budget);
    trouble ??= drained.trouble;
    this.#tellTrouble(trouble);
    this.#closeQuiet();
    const up = trouble === undefined;
    const lagBytes = sum(this.#files, (file) => file.stat().lagBytes);
    this.#intake.sink.status({ up, lagBytes });
    return {
      up,
      lagBytes,
      bytesRead: drained.bytesRead,
      heldBytes: sum(this.#files, (file) => file.heldBytes),
      more: drained.bytesRead >= budget,
    };
  }

  /** Brings the queue in line with the path; returns why the path cannot be followed now. */
  #look(): string | undefined {
    const look = lookAtPath(this.#options.path);
    this.#settleStart(look);
    this.#noteNames(look);
    if (look.kind !== 'file') return look.trouble;
    const known = this.#files.findIndex((file) => isSameFile(file.identity, look.identity));
    if (known === -1) return this.#open();
    // Usually the last already; an older one when somebody moved it back.
    this.#files.push(...this.#files.splice(known, 1));
    return undefined;
  }

  #settleStart(look: PathLook): void {
    if (this.#isStartSettled || look.kind === 'unknown') return;
    this.#isStartSettled = true;
    if (look.kind === 'file') this.#passOver = look.identity;
  }

  #noteNames(look: PathLook): void {
    if (look.kind === 'unknown') return;
    for (const file of this.#files) {
      const named = look.kind === 'file' && isSameFile(file.identity, look.identity);
      if (file.named && !named) {
        this.#tellRotation(file.stat().isUnlinked ? 'removed' : 'renamed');
      }
      file.named = named;
    }
  }

  #open(): string | undefined {
    const { path, log } = this.#options;
    if (this.#files.length >= MAX_OPEN_FILES && !this.#makeRoom()) return 'too_many_rotations';
    try {
      const file = new OpenFile(path, {
        passOver: this.#passOver,
        intake: new Intake(this.#intake),
        buffer: this.#buffer,
        onTruncated: () => this.#tellRotation('truncated'),
      });
      // The path was changed back between look and open: this one is being read already.
      if (this.#files.some(({ identity }) => isSameFile(identity, file.identity))) {
        file.close();
        return undefined;
      }
      log.info('log file opened', { path, from: file.isPassedOver ? 'end' : 'beginning' });
      this.#files.push(file);
      // Once only: should it come back after it was let go, it is new like any other.
      if (file.isPassedOver) this.#passOver = undefined;
      return undefined;
    } catch (error) {
      return errorCode(error);
    }
  }

  /** Gives up the wait for late lines in the oldest file, if it was read to its end. */
  #makeRoom(): boolean {
    const [oldest] = this.#files;
    if (oldest?.quietSinceMs === undefined) return false;
    oldest.closeForGood();
    this.#files.shift();
    return true;
  }

  #drain(budget: number): { readonly bytesRead: number; readonly trouble: string | undefined } {
    let bytesRead = 0;
    let trouble: string | undefined;
    for (const file of this.#files) {
      try {
        bytesRead += this.#readToEnd(file, budget - bytesRead);
      } catch (error) {
        // A file that cannot be read must not hold up those behind it; it counts as quiet.
        file.quietSinceMs ??= this.#options.clock.elapsedMs();
        trouble = errorCode(error);
      }
    }
    return { bytesRead, trouble };
  }

  #readToEnd(file: OpenFile, budget: number): number {
    let total = 0;
    while (total < budget) {
      const bytes = file.read(this.#buffer, budget - total);
      if (bytes === 0) {
        if (total > 0 || file.quietSinceMs === undefined) file.quietSinceMs = this.#options.clock.elapsedMs();
        return total;
      }
      total += bytes;
    }
    file.quietSinceMs = undefined;
    return total;
  }

  #closeQuiet(): void {
    const now = this.#options.clock.elapsedMs();
    const newest = this.#files.at(-1);
    for (const file of [...this.#files]) {
      const isQuiet = file.quietSinceMs !== undefined && now - file.quietSinceMs >= this.#lingerMs;
      if (!isQuiet || file.named || (file === newest && !file.stat().isUnlinked)) continue;
      file.closeForGood();
      this.#files.splice(this.#files.indexOf(file), 1);
    }
  }

  #tellRotation(kind: RotationKind): void {
    this.#options.log.info('log file rotated', { path: this.#options.path, kind });
    this.#intake.sink.rotated(kind);
  }

  /** Says each trouble once, and its end. */
  #tellTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    const { log, path } = this.#options;
    if (trouble === undefined) log.info('log file can be read again', { path });
    else log.warn('log file cannot be read', { path, code: trouble });
    this.#trouble = trouble;
  }
}

function sum(files: readonly OpenFile[], of: (file: OpenFile) => number): number {
  return files.reduce((total, file) => total + of(file), 0);
}
