import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

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

/** Whether two looks, however far apart, saw one file: the number may have been given to another in between. */
export function isSameIncarnation(a: FileIdentity, b: FileIdentity): boolean {
  return isSameFile(a, b) && a.birthtimeNs === b.birthtimeNs;
}

/** One way to round for all, so that two looks at an untouched file say the same time. */
export function inMs(timeNs: bigint): number {
  return Number(timeNs / 1000n) / 1000;
}

/** Something that can be opened but not followed: a folder, a pipe, a device. */
export class NotAFileError extends Error {
  override readonly name = 'NotAFileError';
  readonly code = 'ENOTFILE';
}

/** The unit of `st_blocks`, whatever the file system's own may be (stat(2)). */
const BLOCK_BYTES = 512;

export interface DescriptorStat {
  readonly size: number;
  readonly mtimeMs: number;
  /** No name leads to it any more. */
  readonly isUnlinked: boolean;
  /** What it takes on the disk: less than its size if there are holes in it. */
  readonly allocatedBytes: number;
}

/** A regular file that is held open for reading. */
export class Descriptor {
  readonly path: string;
  readonly identity: FileIdentity;
  readonly fd: number;

  /** Throws if the file cannot be opened, a NotAFileError if it is none. */
  constructor(path: string) {
    this.path = path;
    // O_NONBLOCK does nothing to a file, but opening a pipe that nobody writes to would stop the whole process without it.
    this.fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(this.fd, { bigint: true });
      if (!stat.isFile()) throw new NotAFileError('not a regular file');
      this.identity = { dev: stat.dev, ino: stat.ino, birthtimeNs: stat.birthtimeNs };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Throws file system errors. */
  stat(): DescriptorStat {
    const { size, mtimeNs, nlink, blocks } = fstatSync(this.fd, { bigint: true });
    return {
      size: Number(size),
      mtimeMs: inMs(mtimeNs),
      isUnlinked: nlink === 0n,
      allocatedBytes: Number(blocks) * BLOCK_BYTES,
    };
  }

  /** Fills the beginning of `buffer` with up to `length` bytes from `position` on; returns how many there were. */
  read(buffer: Buffer, length: number, position: number): number {
    return readSync(this.fd, buffer, 0, length, position);
  }

  /** The bytes from `position` on, fewer than `length` at the end of the file. */
  bytesAt(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, length > 0 ? this.read(bytes, length, position) : 0);
  }

  close(): void {
    try {
      closeSync(this.fd);
    } catch {
      // Only writers can lose something here, and the descriptor is gone in any case (close(2), "Dealing with error returns").
    }
  }
}
