import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';

/** `busy`: another process has it. `unavailable`: nobody can have it here (read-only, or a network file system without locks). */
export type LockResult = 'held' | 'busy' | 'unavailable';

/** The right to write to a folder. */
export interface Lock {
  /** Takes it, or again when its file was removed meanwhile: whoever comes next would lock another file. */
  take(): Promise<LockResult>;
  release(): void;
}

interface Held {
  readonly database: DatabaseSync;
  /** Device and inode. */
  readonly file: string;
}

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * A lock of the operating system on a file, by way of SQLite, because Node.js offers no other (https://github.com/nodejs/node/issues/36502):
 * an open exclusive transaction holds a POSIX lock. The kernel gives it up with the process, however that ends, so there is no stale lock and
 * no timeout to guess; and it holds between containers that share a folder, where process ids and abstract sockets mean nothing.
 * The file stays empty. It must not be opened by anything else here: a process that closes a file loses all its locks on it (fcntl(2)).
 */
export function createLock(path: string): Lock {
  let held: Held | undefined;
  const release = () => {
    held?.database.close();
    held = undefined;
  };
  return {
    async take() {
      if (held !== undefined && held.file === (await identify(path))) return 'held';
      release();
      if (!(await prepareFile(path))) return 'unavailable';
      const database = lockFile(path);
      if (typeof database === 'string') return database;
      held = { database, file: (await identify(path)) ?? '' };
      return 'held';
    },
    release,
  };
}

/** Makes the file where it is missing; false when it is not ours to write, since SQLite would then take a lock that others share. */
async function prepareFile(path: string): Promise<boolean> {
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 });
  } catch {
    // It is there already, or cannot be made: the next line tells.
  }
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

function lockFile(path: string): DatabaseSync | 'busy' | 'unavailable' {
  let database: DatabaseSync | undefined;
  try {
    const sqlite = loadSqlite();
    database = new sqlite.DatabaseSync(path);
    // Its journal in memory: nothing is ever written, but SQLite would make a file for it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY ? 'busy' : 'unavailable';
  }
}

/** Node.js 22 warns, as the module is loaded, that its interface may change; we use two calls of it, and no other warning is kept back. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function identify(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
