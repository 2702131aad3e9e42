import type { Clock } from '../../clock.ts';
import type { RotationKind, SourceSink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { Intake } from './intake.ts';
import { isSameFile, OpenFile, type StartAt } from './open-file.ts';
import type { LineParser } from './parsed-line.ts';
import { errorCode, lookAtPath, type PathLook } from './path-look.ts';

/** Size of one read: large enough that system calls do not matter, small enough to stay in the processor's cache. */
const READ_BYTES = 256 * 1024;

/** Soft limit of one poll: about 5 ms of reading JSON, in which nothing else runs. */
const DEFAULT_BYTES_PER_TICK = 512 * 1024;

/** nginx reopens its logs within moments of the signal; other writers are given time to notice. */
const DEFAULT_LINGER_MS = 5000;

/** Descriptors held for one path: the newest file and those before it which may still grow. */
const MAX_OPEN_FILES = 16;

export interface FollowerOptions {
  readonly path: string;
  readonly sink: SourceSink;
  readonly parse: LineParser;
  readonly clock: Clock;
  readonly log: Log;
  /** Where reading starts in a file that is there already; files that come later are read from their beginning. */
  readonly startAt: StartAt;
  readonly maxLineBytes?: number | undefined;
  /** Soft limit of one poll: exceeded by at most one read. */
  readonly bytesPerTick?: number | undefined;
  /** How long a file that lost its name must be quiet before it is let go: a writer needs time to notice a rotation. */
  readonly lingerMs?: number | undefined;
}

export interface PollResult {
  readonly up: boolean;
  readonly bytesRead: number;
  readonly lagBytes: number;
  /** Memory taken by lines whose end has not been read. */
  readonly heldBytes: number;
  /** The limit of one poll was reached: there may be more to read at once. */
  readonly more: boolean;
}

/**
 * The life of a followed path. One poll looks at the path, reads what is new, and lets go of what is over. All of it is synchronous,
 * so between two polls offsets and counts always agree, and nothing can interrupt a poll but the file system itself.
 *
 * `#files` is a queue, oldest first, of the files the path has led to. Usually it holds one.
 * - Waiting, queue empty: the path leads nowhere yet, or to something that cannot be opened. Each poll tries again.
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
  readonly #bytesPerTick: number;
  readonly #lingerMs: number;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  readonly #files: OpenFile[] = [];
  #newFilesFrom: StartAt;
  #trouble: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#bytesPerTick = options.bytesPerTick ?? DEFAULT_BYTES_PER_TICK;
    this.#lingerMs = options.lingerMs ?? DEFAULT_LINGER_MS;
    this.#newFilesFrom = options.startAt;
  }

  poll(): PollResult {
    let trouble = this.#look();
    const drained = this.#drain();
    trouble ??= drained.trouble;
    this.#tellTrouble(trouble);
    this.#closeQuiet();
    const up = trouble === undefined;
    const lagBytes = sum(this.#files, (file) => file.stat().lagBytes);
    this.#options.sink.status({ up, lagBytes });
    return {
      up,
      lagBytes,
      bytesRead: drained.bytesRead,
      heldBytes: sum(this.#files, (file) => file.heldBytes),
      more: drained.bytesRead >= this.#bytesPerTick,
    };
  }

  close(): void {
    for (const file of this.#files.splice(0)) file.close();
  }

  /** Brings the queue in line with the path; returns why the path cannot be followed now. */
  #look(): string | undefined {
    const look = lookAtPath(this.#options.path);
    this.#noteNames(look);
    if (look.kind !== 'file') {
      if (look.kind === 'absent') this.#newFilesFrom = 'beginning';
      return look.trouble;
    }
    const known = this.#files.findIndex((file) => isSameFile(file.identity, look.identity));
    if (known === -1) return this.#open();
    // Usually the last already; an older one when somebody moved it back.
    this.#files.push(...this.#files.splice(known, 1));
    return undefined;
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
    const { path, sink, parse, maxLineBytes, log } = this.#options;
    if (this.#files.length >= MAX_OPEN_FILES && !this.#makeRoom()) return 'too_many_rotations';
    try {
      const file = new OpenFile(path, {
        startAt: this.#newFilesFrom,
        intake: new Intake({ sink, parse, maxLineBytes }),
        buffer: this.#buffer,
        onTruncated: () => this.#tellRotation('truncated'),
      });
      // The path was changed back between look and open: this one is being read already.
      if (this.#files.some(({ identity }) => isSameFile(identity, file.identity))) {
        file.close();
        return undefined;
      }
      log.info('log file opened', { path, from: this.#newFilesFrom });
      this.#files.push(file);
      this.#newFilesFrom = 'beginning';
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

  #drain(): { readonly bytesRead: number; readonly trouble: string | undefined } {
    let bytesRead = 0;
    let trouble: string | undefined;
    for (const file of this.#files) {
      try {
        bytesRead += this.#readToEnd(file, this.#bytesPerTick - bytesRead);
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
      const bytes = file.read(this.#buffer);
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
    this.#options.sink.rotated(kind);
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
