import type { RotationKind } from '../../../event/sink.ts';
import type { IntakeOptions } from '../intake.ts';
import { PackedFile } from '../packed/packed-file.ts';
import { errorCode, lookAtPath, type PathLook } from '../path-look.ts';
import { CutSuspicion } from './cut-suspicion.ts';
import { Descriptor, type FileIdentity, isSameFile, isSameIncarnation } from './descriptor.ts';
import { type Drained, FileQueue } from './file-queue.ts';
import type { FollowContext } from './follow-context.ts';
import type { LogFile } from './log-file.ts';
import { type Cut, OpenFile } from './open-file.ts';
import { PathTrouble } from './path-trouble.ts';
import { RestSearch } from './rest-search.ts';
import { isPacked } from './siblings.ts';

/** Descriptors held for one path: the newest file and those before it which may still grow. */
const MAX_OPEN_FILES = 16;

/** A file is not read again while its look is the same, once its last change is this old: a younger one may hide another in one step of its clock. */
const SETTLED_MS = 2000;

const NOTHING_NEW: Drained = { bytesRead: 0, lagBytes: 0, trouble: undefined };

/** Where reading begins in a file that is there already. */
export type StartAt = 'beginning' | 'end';

type FoundFile = Extract<PathLook, { kind: 'file' }>;

export interface FollowerOptions extends FollowContext {
  readonly path: string;
  readonly intake: IntakeOptions;
  /** Where reading starts in a file that is there already and unknown; files that come later are read from their beginning. */
  readonly startAt: StartAt;
  /** When this path was last looked at in an earlier run, wall time; undefined: never. */
  readonly sinceMs: number | undefined;
  /** The path comes from a pattern: that nothing is there any more is no trouble. */
  readonly mayVanish: boolean;
}

export interface PollResult {
  readonly up: boolean;
  readonly bytesRead: number;
  readonly lagBytes: number;
}

/**
 * The life of a followed path. It polls instead of using `fs.watch`: a watch stays on the old inode after a rename, and network,
 * overlay and bind mounts do not report changes at all (https://nodejs.org/api/fs.html#caveats). One poll looks at the path, reads
 * what is new, and lets go of what is over. All of it is synchronous, so between two polls offsets and counts always agree, and
 * nothing can interrupt a poll but the file system itself.
 *
 * Its queue holds, oldest first, the files the path has led to. Usually it is one.
 * - Waiting, queue empty: the path leads nowhere yet, or to something that cannot be opened. Each poll tries again. With
 *   `startAt: 'end'` the first look that is told anything settles which file's content is passed over, if any; whatever takes its
 *   place is new and read from its beginning.
 * - Opening: a file that is known by its content goes on where it was read to, in this run or an earlier one (positions.ts). One that is
 *   being read already, for another path or log, is left to that.
 * - Following, one file that the path leads to. The file itself notices when it is cut short (open-file.ts).
 * - Renamed: the path leads to another file, or to none. The old file keeps its place at the head of the queue, since writers go on
 *   with it until told to reopen; the new one is opened at once, so that a second rotation cannot hide it, but read only when those
 *   before it are at their end. A file without the name that has been quiet for `lingerMs` is closed, and a last line
 *   that never got its newline is rejected then.
 * - Removed: as renamed; with no file in its place the last one is kept until it is quiet, then closed, so that we do not hold
 *   the space of a deleted file on a full disk. A renamed one with nothing in its place is kept longer: the writer still has it.
 * - Replaced or cut, now or while we were not running: what came between is looked for beside the path (rest-search.ts, where it
 *   stands what is lost all the same).
 * - Trouble: a file system error leaves the queue as it is and says so once; when it is over, reading goes on where it was.
 *
 * What is lost besides: lines written to a file after it lost its name and was quiet for `lingerMs`.
 */
export class Follower {
  readonly path: string;
  readonly #options: FollowerOptions;
  readonly #queue: FileQueue;
  readonly #search: RestSearch;
  #intake: IntakeOptions;
  #isStartSettled: boolean;
  #passOver: FileIdentity | undefined;
  /** Whether the path was found to lead somewhere or nowhere in this run; before that, what it leads to may be known from an earlier one. */
  #isFirst = true;
  #lookedMs: number | undefined;
  /** The same before the present poll. */
  #sinceMs: number | undefined;
  #settled: FoundFile | undefined;
  readonly #suspicion: CutSuspicion;
  readonly #trouble: PathTrouble;
  #isElsewhere = false;

  constructor(options: FollowerOptions) {
    this.path = options.path;
    this.#options = options;
    this.#intake = options.intake;
    this.#queue = new FileQueue(options);
    this.#search = new RestSearch({ ...options, queue: this.#queue, onCut: (file, cut) => this.#onCut(file, cut) });
    this.#isStartSettled = options.startAt === 'beginning';
    this.#lookedMs = options.sinceMs;
    this.#suspicion = new CutSuspicion(options.path);
    this.#trouble = new PathTrouble(options.path, options.log);
  }

  /** Whatever was written before this, wall time, was seen; undefined: the path was never looked at. */
  get lookedMs(): number | undefined {
    const { unfinishedMs } = this.#search;
    return this.#lookedMs === undefined ? undefined : Math.min(this.#lookedMs, unfinishedMs);
  }

  /** Open files. */
  get files(): number {
    return this.#queue.length;
  }

  /** Memory taken by lines whose end has not been read. */
  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  /** Opens the file now, so that what is written after this call is read, and reads nothing. Never throws. */
  open(): PollResult {
    return this.poll(0);
  }

  /** One synchronous step that reads at most `budget` bytes. Never throws. */
  poll(budget: number): PollResult {
    const look = lookAtPath(this.path);
    this.#sinceMs = this.#lookedMs;
    let trouble = this.#follow(look);
    const drained = this.#isSettled(look) ? NOTHING_NEW : this.#queue.drain(budget);
    trouble ??= drained.trouble;
    this.#search.conclude();
    this.#trouble.tell(trouble, look);
    const isAtEnd = drained.lagBytes === 0 && trouble === undefined && this.#queue.length === 1 && budget > 0;
    this.#settled = isAtEnd && look.kind === 'file' ? look : undefined;
    return { up: trouble === undefined, bytesRead: drained.bytesRead, lagBytes: drained.lagBytes };
  }

  /** Reads on, where it was, under other rules. */
  reconfigure(intake: IntakeOptions): void {
    this.#intake = intake;
    this.#queue.reconfigure(intake);
  }

  /** Lets the files go; their positions are kept. */
  close(): void {
    this.#queue.close();
  }

  /** Brings the queue in line with the path; returns why the path cannot be followed now. */
  #follow(look: PathLook): string | undefined {
    this.#settleStart(look);
    this.#noteNames(look);
    if (look.kind === 'unknown') return look.trouble;
    const trouble = look.kind === 'file' ? this.#followFile(look) : this.#troubleOf(look);
    if (look.kind !== 'file' && this.#isFirst) this.#beginSearch(undefined);
    // Not opened, or left to others for now: it is still to be found out what it is.
    if (look.kind === 'file' && this.#queue.find(look.identity) === undefined) return trouble;
    this.#isFirst = false;
    // While the path leads nowhere it cannot be seen what came and went, so that time is searched when there is a file again.
    if (look.kind === 'file' || this.#lookedMs === undefined) this.#lookedMs = this.#options.clock.nowMs();
    return trouble;
  }

  #troubleOf({ kind, trouble }: Exclude<PathLook, FoundFile>): string | undefined {
    return kind === 'absent' && this.#options.mayVanish ? undefined : trouble;
  }

  #followFile(look: FoundFile): string | undefined {
    const known = this.#queue.find(look.identity);
    if (known !== undefined) {
      // Usually the last already; an older one when somebody moved it back.
      this.#queue.promote(known);
      if (this.#suspicion.isDue(known, look)) this.#beginSearch(known);
      return undefined;
    }
    if (this.#queue.length >= MAX_OPEN_FILES && !this.#queue.makeRoom()) return 'too_many_rotations';
    if (this.#isReadElsewhere(look.identity)) return undefined;
    if (isPacked(this.path) && this.#options.positions.isReadWhole(look)) return undefined;
    try {
      this.#open(look);
      return undefined;
    } catch (error) {
      return errorCode(error);
    }
  }

  #open(look: FoundFile): void {
    const { log, positions } = this.#options;
    const descriptor = new Descriptor(this.path);
    try {
      const isPassedOver = this.#passOver !== undefined && isSameIncarnation(this.#passOver, descriptor.identity);
      // Not if the path was changed since it was looked at, to a file that is being read already.
      const opened = positions.open.has(descriptor.identity) ? undefined : this.#begin(descriptor, isPassedOver);
      if (opened === undefined) {
        descriptor.close();
        return;
      }
      this.#queue.add(opened.file);
      log.info('log file opened', { path: this.path, from: opened.from });
      // Once only: should it come back after it was let go, it is new like any other.
      if (isPassedOver) this.#passOver = undefined;
      // What lies beside a log that was never looked at before is none of it, however young.
      if (this.#sinceMs !== undefined) this.#suspicion.begin(opened.file, look);
      this.#beginSearch(opened.file);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /** Undefined: it is not to be read, now or ever. */
  #begin(descriptor: Descriptor, isPassedOver: boolean): { file: LogFile; from: string } | undefined {
    const { positions, buffer } = this.#options;
    if (isPacked(this.path)) return this.#beginPacked(descriptor, isPassedOver);
    // What takes the place of a file is new, however alike the beginnings of two logs without times may be.
    const known = positions.match(descriptor, this.#isFirst ? 'content' : 'identity');
    if (known === undefined && this.#isFirst && positions.open.isCopy(descriptor)) return undefined;
    const start = known?.position ?? (isPassedOver ? 'end' : 'beginning');
    const file = new OpenFile(descriptor, {
      followedPath: this.path,
      start,
      intake: this.#intake,
      buffer,
      onCut: (cutFile, cut) => this.#onCut(cutFile, cut),
    });
    if (known !== undefined) positions.take(known);
    return { file, from: typeof start === 'string' ? start : 'position' };
  }

  #beginPacked(descriptor: Descriptor, isPassedOver: boolean): { file: LogFile; from: string } | undefined {
    const { positions } = this.#options;
    if (!isPassedOver) {
      const options = { ...this.#options, followedPath: this.path, intake: this.#intake, isWantedIfNew: true };
      const file = new PackedFile(descriptor, options);
      file.named = true;
      return { file, from: 'packed' };
    }
    positions.passOverPacked(descriptor);
    this.#passOver = undefined;
    return undefined;
  }

  #isReadElsewhere(identity: FileIdentity): boolean {
    const isElsewhere = this.#options.positions.open.has(identity);
    if (isElsewhere && !this.#isElsewhere) {
      this.#options.log.info('log file is read already under another name', { path: this.path });
    }
    this.#isElsewhere = isElsewhere;
    return isElsewhere;
  }

  /** Looks for what came before a file that the path leads to now; undefined: it leads nowhere. */
  #beginSearch(before: LogFile | undefined): void {
    const lost = this.#options.positions.liveAt(this.path);
    // Never looked at before, so nothing was missed.
    if (this.#sinceMs === undefined) return;
    // Not by the number alone: that of a file which was packed and removed is given to the next log at once.
    const cut = lost.find(({ position }) => before && isSameIncarnation(position.identity, before.identity));
    const rest = { lost, cut, sinceMs: this.#sinceMs, before, intake: this.#intake };
    this.#search.begin({ ...rest, isFirst: this.#isFirst });
  }

  #onCut(file: LogFile, { position, begun }: Cut): void {
    this.#tellRotation('truncated');
    const cut = { position, isLive: true };
    this.#options.positions.kept.add(cut);
    const sinceMs = this.#sinceMs ?? this.#options.clock.nowMs();
    this.#search.begin({ lost: [cut], cut, sinceMs, before: file, begun, intake: this.#intake });
    this.#queue.disturb();
  }

  /** Whether the path still looks as it did when everything was read. */
  #isSettled(look: PathLook): boolean {
    const settled = this.#settled;
    if (settled === undefined || look.kind !== 'file' || this.#queue.length !== 1) return false;
    if (!isSameFile(look.identity, settled.identity)) return false;
    const isSame = look.size === settled.size && look.mtimeMs === settled.mtimeMs;
    return isSame && this.#options.clock.nowMs() - look.mtimeMs >= SETTLED_MS;
  }

  #settleStart(look: PathLook): void {
    if (this.#isStartSettled || look.kind === 'unknown') return;
    this.#isStartSettled = true;
    if (look.kind === 'file') this.#passOver = look.identity;
  }

  #noteNames(look: PathLook): void {
    if (look.kind === 'unknown') return;
    for (const file of this.#queue.files) {
      const named = look.kind === 'file' && isSameFile(file.identity, look.identity);
      if (file.named && !named) this.#tellRotation(file.stat().isUnlinked ? 'removed' : 'renamed');
      file.named = named;
    }
  }

  #tellRotation(kind: RotationKind): void {
    this.#options.log.info('log file rotated', { path: this.path, kind });
    this.#intake.sink.rotated(kind);
  }
}
