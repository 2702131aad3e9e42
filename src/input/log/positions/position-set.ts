import { type FileIdentity, isSameFile } from '../follow/descriptor.ts';
import type { Kept } from './position.ts';

/** Files of one log that were read and let go, and are still known: about two months of daily rotations. */
const MAX_DONE = 64;

/** Those that are over are forgotten from time to time, not with each one that comes. */
const PRUNE_STEP = 64;

/** The positions of the files of one log that are not open, in the order in which they were let go. */
export class PositionSet {
  readonly #kept = new Set<Kept>();
  /** Of packed files that were read to their end, by the file: a pattern may match thousands of them. */
  readonly #whole = new Map<string, Kept>();
  #present: ReadonlySet<string> = new Set();
  #prunedSize = 0;

  [Symbol.iterator](): Iterator<Kept> {
    return this.#kept.values();
  }

  has(kept: Kept): boolean {
    return this.#kept.has(kept);
  }

  add(kept: Kept): void {
    this.#kept.add(kept);
    if (kept.position.packedSize !== undefined) this.#whole.set(keyOf(kept.position.identity), kept);
    if (this.#kept.size > this.#prunedSize + MAX_DONE + PRUNE_STEP) this.#prune();
  }

  delete(kept: Kept): boolean {
    const key = keyOf(kept.position.identity);
    if (this.#whole.get(key) === kept) this.#whole.delete(key);
    return this.#kept.delete(kept);
  }

  /** The position of this packed file, if it was read to its end and is as it was then. */
  isWhole({ identity, mtimeMs, size }: { identity: FileIdentity; mtimeMs: number; size: number }): boolean {
    const position = this.#whole.get(keyOf(identity))?.position;
    return position?.packedSize === size && position.mtimeMs === mtimeMs && isSameFile(position.identity, identity);
  }

  /** The paths that lead to files of this log now: what was read of them is not forgotten. */
  present(paths: ReadonlySet<string>): void {
    this.#present = paths;
    this.#prune();
  }

  /** Forgets the oldest of those let go. */
  #prune(): void {
    const paths = new Set(this.#present);
    // From the newest on; of those let go at one path only the newest can be the one that is there.
    const spare = [...this.#kept].reverse().filter(({ isLive, position }) => !isLive && !paths.delete(position.path));
    for (const kept of spare.slice(MAX_DONE)) this.delete(kept);
    this.#prunedSize = this.#kept.size - Math.min(spare.length, MAX_DONE);
  }
}

export function keyOf({ dev, ino }: FileIdentity): string {
  return `${dev}:${ino}`;
}
