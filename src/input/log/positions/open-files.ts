import type { Descriptor, FileIdentity } from '../follow/descriptor.ts';
import { PRINT_BYTES } from '../follow/fingerprint.ts';
import { unrotated } from '../follow/siblings.ts';
import { holdsAll, isShortCopy } from './content.ts';
import type { Position } from './position.ts';
import { keyOf } from './position-set.ts';

/** A file that is being read. While it is open, nobody else reads it. */
export interface ReadFile {
  readonly identity: FileIdentity;
  /** Under which it was opened. */
  readonly path: string;
  /** Undefined while it is not known which file it is: nothing was read then. */
  position(): Position | undefined;
  /** Its bytes as they are now, none if it is packed. Throws file system errors. */
  bytesAt(offset: number, length: number): Buffer;
  /** Whether it was cut since it was read. Throws file system errors. */
  isCut(): boolean;
}

/** All files that are being read, for whatever log. */
export class OpenFiles {
  readonly #files = new Map<string, ReadFile>();
  /** By the name they had before any rotation. */
  readonly #relatives = new Map<string, Set<ReadFile>>();

  has(identity: FileIdentity): boolean {
    return this.#files.has(keyOf(identity));
  }

  add(file: ReadFile): void {
    this.#files.set(keyOf(file.identity), file);
    const name = unrotated(file.path);
    const relatives = this.#relatives.get(name) ?? new Set();
    this.#relatives.set(name, relatives.add(file));
  }

  delete(file: ReadFile): void {
    this.#files.delete(keyOf(file.identity));
    const name = unrotated(file.path);
    const relatives = this.#relatives.get(name);
    relatives?.delete(file);
    if (relatives?.size === 0) this.#relatives.delete(name);
  }

  /** Those from which rotation may have made the file at this path. */
  relatives(path: string): readonly ReadFile[] {
    return [...(this.#relatives.get(unrotated(path)) ?? [])];
  }

  /**
   * Whether this is a copy of a log that is being read: copytruncate is at work, or somebody made a backup. Read beside the log, its lines
   * would count twice. Throws file system errors.
   */
  isCopy(file: Descriptor): boolean {
    const { size } = file.stat();
    return this.relatives(file.path).some((open) => {
      return open.isCut() ? hasFormerContent(open, file) : hasSameContent(open, file, size);
    });
  }
}

/** A copy is no longer than what it was made of, as long as that is not cut. */
function hasSameContent(open: ReadFile, file: Descriptor, size: number): boolean {
  if (size === 0 || open.bytesAt(size - 1, 1).length === 0) return false;
  const head = Math.min(size, PRINT_BYTES);
  const tail = Math.max(0, size - PRINT_BYTES);
  const isSame = (at: number, length: number) => open.bytesAt(at, length).equals(file.bytesAt(at, length));
  return isSame(0, head) && isSame(tail, size - tail);
}

/**
 * Whether this may be a copy of what a log held before it was cut. Its reader did not notice yet; when it does, it looks for that copy, and
 * for that only: all else beside the log is to be judged now, since it may be too old for that search.
 */
function hasFormerContent(open: ReadFile, file: Descriptor): boolean {
  const position = open.position();
  return position !== undefined && (isShortCopy(file, position) || holdsAll(file, position));
}
