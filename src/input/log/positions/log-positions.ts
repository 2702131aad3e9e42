import { type Descriptor, type FileIdentity, isSameIncarnation } from '../follow/descriptor.ts';
import { NO_PRINT, PRINT_BYTES, printOf } from '../follow/fingerprint.ts';
import { unrotated } from '../follow/siblings.ts';
import type { OpenFiles, ReadFile } from './open-files.ts';
import type { Kept, Position } from './position.ts';
import type { PositionSet } from './position-set.ts';

export interface LogPositionsOptions {
  readonly kept: PositionSet;
  /** Those of all logs. */
  readonly open: OpenFiles;
  readonly all: () => readonly PositionSet[];
  readonly lookedMs: number | undefined;
}

/** The positions of one configured log, and what it may know of those of others. */
export class LogPositions {
  readonly kept: PositionSet;
  readonly open: OpenFiles;
  readonly #all: () => readonly PositionSet[];
  /** Files of this log that are being read. */
  readonly #reading = new Set<ReadFile>();
  #looked: () => number | undefined;
  isFollowed = false;

  constructor({ kept, open, all, lookedMs }: LogPositionsOptions) {
    this.kept = kept;
    this.open = open;
    this.#all = all;
    this.#looked = () => lookedMs;
  }

  /** When all paths of this log had been looked at last, in this run or an earlier one; undefined before the first time. */
  get lookedMs(): number | undefined {
    return this.#looked();
  }

  /** The log is followed from now on, by one who knows when its paths were looked at. */
  follow(looked: () => number | undefined): void {
    const before = this.#looked();
    this.#looked = () => looked() ?? before;
    this.isFollowed = true;
  }

  /** The log left the configuration; what is known of it stays for some time. */
  leave(): void {
    const lookedMs = this.#looked();
    this.#looked = () => lookedMs;
    this.isFollowed = false;
  }

  /** Those of open files too. */
  all(): readonly Kept[] {
    const reading = [...this.#reading].flatMap((file) => file.position() ?? []);
    return [...this.kept, ...reading.map((position) => ({ position, isLive: true }))];
  }

  /** From now on the file is read here only. */
  claim(file: ReadFile): void {
    this.open.add(file);
    this.#reading.add(file);
  }

  /** The file is no longer open; its reading is to go on (live) or is over. */
  release(file: ReadFile, isLive: boolean): void {
    this.open.delete(file);
    this.#reading.delete(file);
    const position = file.position();
    if (position !== undefined) this.kept.add({ position, isLive });
  }

  /** Followed paths with files whose reading is to go on. */
  livePaths(): readonly string[] {
    return [...new Set([...this.kept].filter(({ isLive }) => isLive).map(({ position }) => position.followedPath))];
  }

  /** What was being read for this path and is not open: its file was lost sight of, or not looked for yet. */
  liveAt(path: string): readonly Kept[] {
    return [...this.kept].filter(({ position, isLive }) => isLive && position.followedPath === path);
  }

  /** The search for these is over: they are known from now on like any file that was let go. */
  giveUp(lost: readonly Kept[]): void {
    for (const kept of lost) if (this.kept.delete(kept)) this.kept.add({ ...kept, isLive: false });
  }

  /** Takes a position that goes on in an open file. False: somebody else took it. */
  take(kept: Kept): boolean {
    return this.#all().some((set) => set.delete(kept));
  }

  /** A packed file that is there at the start counts as read. Throws file system errors. */
  passOverPacked(file: Descriptor): void {
    const { path, identity } = file;
    const { size, mtimeMs } = file.stat();
    const nothing = { offset: 0, isSkipping: false, head: NO_PRINT, marker: NO_PRINT };
    const position = { path, followedPath: path, identity, ...nothing, mtimeMs, packedSize: size };
    this.kept.add({ position, isLive: false });
  }

  /** Whether this packed file was read to its end and is as it was then. */
  isReadWhole(look: { identity: FileIdentity; mtimeMs: number; size: number }): boolean {
    return this.#all().some((set) => set.isWhole(look));
  }

  /** All positions that the content of a file at this path can prove, whatever log they belong to. */
  provable(path: string): readonly Kept[] {
    return this.#candidates().filter(({ position }) => isProof(position, path));
  }

  /**
   * The position that an opened plain file has. `identity`: only one of the very same file, not of one with the same content.
   * Throws file system errors.
   */
  match(file: Descriptor, by: 'identity' | 'content'): Kept | undefined {
    const { size } = file.stat();
    const hashes = new Map<number, string>();
    const hasHead = ({ length, hash }: Position['head']): boolean => {
      if (!hashes.has(length)) hashes.set(length, printOf(file.bytesAt(0, length)).hash);
      return hashes.get(length) === hash;
    };
    const isSelf = ({ position }: Kept) => isSameIncarnation(position.identity, file.identity);
    const fits = (kept: Kept): boolean => {
      const { offset, head, marker } = kept.position;
      if (offset > size || head.length > size || !hasHead(head)) return false;
      if (!isSelf(kept) && (by === 'identity' || !isProof(kept.position, file.path))) return false;
      return printOf(file.bytesAt(offset - marker.length, marker.length)).hash === marker.hash;
    };
    const candidates = this.#candidates();
    // Nearly always it is the very file, and then the others need not be compared.
    const self = candidates.find((kept) => isSelf(kept) && fits(kept));
    if (self !== undefined) return self;
    return candidates.filter(fits).sort((a, b) => b.position.offset - a.position.offset)[0];
  }

  #candidates(): readonly Kept[] {
    return this.#all().flatMap((set) => [...set]);
  }
}

/**
 * Whether a position can be that of another file with the same content. Little content proves little: many logs begin with one and the
 * same line. So a short one counts only between names of one log.
 */
function isProof({ head, marker, path }: Position, otherPath: string): boolean {
  return head.length > 0 && (marker.length === PRINT_BYTES || unrotated(path) === unrotated(otherPath));
}
