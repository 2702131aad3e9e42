import type { IntakeOptions } from '../intake.ts';
import { errorCode } from '../path-look.ts';
import { type FileIdentity, isSameFile } from './descriptor.ts';
import type { FollowContext } from './follow-context.ts';
import type { LogFile } from './log-file.ts';

/** Errors of a descriptor that will never work again, though its file may: it is to be opened anew. */
const DEAD_DESCRIPTOR: ReadonlySet<string> = new Set(['ESTALE', 'ENOTCONN', 'ENODEV', 'EBADF']);

/** How long a quiet file whose name is gone is held while nothing took its place: its writer may not have noticed. */
const HOLD_MS = 600_000;

/** What the files of one path took and hold after a poll. */
export interface Drained {
  readonly bytesRead: number;
  readonly lagBytes: number;
  readonly trouble: string | undefined;
}

/** The open files of one followed path, oldest first. Each is read when those before it have nothing to give. */
export class FileQueue {
  readonly #options: FollowContext;
  readonly #files: LogFile[] = [];
  #isDisturbed = false;
  /** What the last poll found unread. */
  #lagBytes = 0;

  constructor(options: FollowContext) {
    this.#options = options;
  }

  get length(): number {
    return this.#files.length;
  }

  get files(): readonly LogFile[] {
    return this.#files;
  }

  get heldBytes(): number {
    return this.#files.reduce((total, { heldBytes }) => total + heldBytes, 0);
  }

  find(identity: FileIdentity): LogFile | undefined {
    return this.#files.find((file) => isSameFile(file.identity, identity));
  }

  /** Puts a file behind all others, or before one. It is ours alone from now on. */
  add(file: LogFile, before?: LogFile): void {
    this.#options.positions.claim(file);
    this.#files.splice(before === undefined ? this.#files.length : this.#files.indexOf(before), 0, file);
    this.#isDisturbed = true;
  }

  /** Makes a file the last one: the path leads to it again. */
  promote(file: LogFile): void {
    if (this.#files.at(-1) !== file) this.#files.push(...this.#files.splice(this.#files.indexOf(file), 1));
  }

  /** Reads at most `budget` bytes and lets go of what is over. */
  drain(budget: number): Drained {
    let bytesRead = 0;
    let trouble: string | undefined;
    this.#isDisturbed = false;
    for (let index = 0; index < this.#files.length; index += 1) {
      const file = this.#files[index];
      if (file === undefined) break;
      try {
        bytesRead += this.#readToEnd(file, budget - bytesRead);
      } catch (error) {
        // A file that cannot be read must not hold up those behind it; it counts as quiet.
        file.quietSinceMs ??= this.#options.clock.elapsedMs();
        trouble = errorCode(error);
        if (file.named && DEAD_DESCRIPTOR.has(trouble)) this.#drop(file, true);
      }
      // A cut was found: what was saved of the file before it comes first.
      if (this.#isDisturbed) index = -1;
      this.#isDisturbed = false;
    }
    this.#letGoQuiet();
    return { bytesRead, trouble, lagBytes: this.#lagBytes };
  }

  /** The order or the content of the queue changed while it was being read: it is gone through again from its beginning. */
  disturb(): void {
    this.#isDisturbed = true;
  }

  /** Gives up the wait for late lines in the oldest file, if it was read to its end. */
  makeRoom(): boolean {
    const [oldest] = this.#files;
    if (oldest?.quietSinceMs === undefined || oldest.isUndecided) return false;
    this.#letGo(oldest);
    return true;
  }

  reconfigure(options: IntakeOptions): void {
    for (const file of this.#files) file.reconfigure(options);
  }

  /** Lets all files go, to be read on later. */
  close(): void {
    for (const file of [...this.#files]) this.#drop(file, true);
  }

  #readToEnd(file: LogFile, budget: number): number {
    const { clock, buffer } = this.#options;
    let total = 0;
    while (total < budget) {
      const bytes = file.read(buffer, budget - total);
      if (bytes === 0) {
        if (total > 0 || file.quietSinceMs === undefined) file.quietSinceMs = clock.elapsedMs();
        return total;
      }
      total += bytes;
    }
    file.quietSinceMs = undefined;
    return total;
  }

  #letGoQuiet(): void {
    const now = this.#options.clock.elapsedMs();
    const newest = this.#files.at(-1);
    this.#lagBytes = 0;
    for (const file of [...this.#files]) {
      const { lagBytes, isUnlinked } = file.stat();
      this.#lagBytes += lagBytes;
      if (file.isOver) {
        this.#drop(file, false);
        continue;
      }
      if (file.named || file.isPacked || file.quietSinceMs === undefined) continue;
      const quietMs = now - file.quietSinceMs;
      // With nothing in its place, it is the log still. Let go at last, it is looked for when something takes its place.
      if (file === newest && !isUnlinked) {
        if (quietMs >= HOLD_MS) this.#drop(file, true);
      } else if (quietMs >= this.#options.lingerMs) this.#letGo(file);
    }
  }

  #letGo(file: LogFile): void {
    file.abandon();
    this.#drop(file, false);
  }

  #drop(file: LogFile, isLive: boolean): void {
    this.#options.positions.release(file, isLive);
    file.close();
    this.#files.splice(this.#files.indexOf(file), 1);
  }
}
