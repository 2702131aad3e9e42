import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FamilyName } from '../../metrics/families.ts';
import { differs, type Snapshot } from '../snapshot.ts';
import { formatCommit, HEADER } from './commit-line.ts';
import { encodeAll, encodeChanges } from './encode.ts';

/** The file that state is written to. One write at a time. */
export interface Journal {
  readonly bytes: number;
  /**
   * Brings the disk up to `snapshot` and syncs it; false when there was nothing to write but what is `overlooked`. Rejects with the
   * error of the file system, and then begins a new file the next time.
   */
  write(snapshot: Snapshot, overlooked?: readonly FamilyName[]): Promise<boolean>;
  close(): Promise<void>;
}

/** The file in use. */
interface Current {
  readonly handle: FileHandle;
  /** Device and inode. */
  readonly file: string;
  /** Bytes of its first transaction, which holds everything. */
  readonly fullBytes: number;
  bytes: number;
  crc: number;
  commits: number;
  /** What it holds. */
  persisted: Snapshot;
}

/** Text handed to the disk at once, so that encoding 100,000 series never holds up the traffic for more than a millisecond or so. */
const PIECE_CHARACTERS = 64 * 1024;
/** A journal of many small writes is worth rewriting when it is large and mostly history. */
const MIN_REWRITE_BYTES = 1024 * 1024;
const REWRITE_FACTOR = 4;

/**
 * A file of transactions: the first holds everything, each later one what changed. When it has grown to some times what is in it, or
 * something went wrong, a new file is written beside it and takes its name once it is on the disk: there is a whole file at every moment.
 *
 * After a failed write the old file is never written to again. A failed fsync marks pages as clean that never reached the disk, and the
 * next fsync succeeds (https://lwn.net/Articles/752063/), so what the file holds from there on is not known.
 */
export function createJournal({
  path,
  prepare,
}: {
  readonly path: string;
  /** Makes sure that the folder is there and ours; called before a new file is begun. */
  readonly prepare: () => Promise<void>;
}): Journal {
  let current: Current | undefined;

  async function drop(): Promise<void> {
    const handle = current?.handle;
    current = undefined;
    await handle?.close().catch(() => {
      // Nothing more is expected of it.
    });
  }

  async function renew(snapshot: Snapshot): Promise<void> {
    await prepare();
    const next = await writeFirst(path, snapshot);
    await drop();
    current = next;
  }

  return {
    get bytes() {
      return current?.bytes ?? 0;
    },
    async write(snapshot, overlooked) {
      if (current !== undefined && !differs(snapshot, current.persisted, overlooked)) return false;
      try {
        if (current === undefined || isOutgrown(current) || !(await isInPlace(current, path))) await renew(snapshot);
        else await append(current, snapshot);
        return true;
      } catch (error) {
        await drop();
        throw error;
      }
    },
    close: drop,
  };
}

function isOutgrown({ bytes, fullBytes }: Current): boolean {
  return bytes > Math.max(MIN_REWRITE_BYTES, REWRITE_FACTOR * fullBytes);
}

/** Whether the file under the name is still ours, and nobody has cut it or written to it. */
async function isInPlace({ file, bytes }: Current, path: string): Promise<boolean> {
  try {
    const { dev, ino, size } = await stat(path, { bigint: true });
    return file === `${dev}:${ino}` && Number(size) === bytes;
  } catch {
    return false;
  }
}

async function append(current: Current, snapshot: Snapshot): Promise<void> {
  await writeTransaction(current, encodeChanges(snapshot, current.persisted));
  await current.handle.datasync();
  current.persisted = snapshot;
}

/** A new file with all of the snapshot, under its name and on the disk. */
async function writeFirst(path: string, snapshot: Snapshot): Promise<Current> {
  const fresh = `${path}.new`;
  await rm(fresh, { recursive: true, force: true });
  const handle = await open(fresh, 'wx', 0o600);
  try {
    const { dev, ino } = await handle.stat({ bigint: true });
    const begun = { handle, file: `${dev}:${ino}`, bytes: 0, crc: 0, commits: 0, persisted: snapshot };
    await writeTransaction(begun, withHeader(encodeAll(snapshot)));
    await handle.sync();
    await rename(fresh, path);
    await syncFolder(dirname(path));
    return { ...begun, fullBytes: begun.bytes };
  } catch (error) {
    await handle.close().catch(() => undefined);
    // What it holds is of no use, and the disk may be full.
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
}

function* withHeader(lines: Iterable<string>): Generator<string, void, undefined> {
  yield HEADER;
  yield* lines;
}

async function writeTransaction(
  to: Pick<Current, 'handle' | 'bytes' | 'crc' | 'commits'>,
  lines: Iterable<string>,
): Promise<void> {
  const put = async (text: string) => {
    const bytes = Buffer.from(text);
    to.crc = crc32(bytes, to.crc);
    to.bytes += bytes.length;
    await to.handle.appendFile(bytes);
  };
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE_CHARACTERS) continue;
    await put(piece);
    piece = '';
  }
  if (piece !== '') await put(piece);
  to.commits += 1;
  await put(formatCommit({ number: to.commits, crc: to.crc }));
}

/** A new name is on the disk only when its folder is (fsync(2)). Some network file systems cannot, and need not. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await folder.close();
  }
}
