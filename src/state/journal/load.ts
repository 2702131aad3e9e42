import { copyFile, link, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { StateLoad } from '../state.ts';
import { type DecodedJournal, decodeJournal } from './decode.ts';

/** What was found on the disk at the start. */
export interface LoadedJournal extends DecodedJournal {
  readonly load: StateLoad;
  /** Where the damaged file can be looked at. */
  readonly setAside: string | undefined;
  readonly bytes: number;
}

/** Enough to see what happened, and no way to fill a disk by crashing again and again. */
const MAX_SET_ASIDE = 3;

/** Reads the journal of the run before; one that is damaged is set aside under a name with this time. Never rejects. */
export async function loadJournal(path: string, nowMs: number): Promise<LoadedJournal> {
  const bytes = await readBytes(path);
  if (bytes === undefined) return { ...NOTHING, load: 'empty' };
  if (typeof bytes === 'string') {
    // To copy a pipe would wait like reading it; a folder has no second name.
    return { ...NOTHING, load: 'corrupt', damage: bytes, setAside: await setAside(path, nowMs, [rename]) };
  }
  const decoded = decodeJournal(bytes);
  const found = { ...decoded, bytes: bytes.length };
  if (decoded.damage === undefined) return { ...found, load: 'restored', setAside: undefined };
  return { ...found, load: 'corrupt', setAside: await setAside(path, nowMs, [link, copyFile, rename]) };
}

type Keep = (path: string, target: string) => Promise<void>;

const NOTHING = { families: [], parts: {}, damage: undefined, setAside: undefined, bytes: 0 } as const;

/** Undefined when there is none; text says why it cannot be read. */
async function readBytes(path: string): Promise<Buffer | string | undefined> {
  try {
    // To open a pipe would wait for a writer for ever.
    if (!(await stat(path)).isFile()) return 'it is no regular file';
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'ENOENT' ? undefined : `it cannot be read: ${code}`;
  }
}

/**
 * Gives a damaged file a second name, or a copy where the file system has no links: the first name must go on to hold what is valid of it
 * until the next write replaces it, or a crash before that would lose everything.
 */
async function setAside(path: string, nowMs: number, ways: readonly Keep[]): Promise<string | undefined> {
  const prefix = `${path}.corrupt-`;
  // Colons are no part of a file name on some file systems that people mount.
  const target = `${prefix}${new Date(nowMs).toISOString().replaceAll(':', '-')}`;
  for (const keep of ways) {
    try {
      await keep(path, target);
      await removeOldest(prefix);
      return target;
    } catch {
      // The next way, or none: then the log says what was found, and the file is where it was.
    }
  }
  return undefined;
}

/** The time is part of the name, so names are in order of age. */
async function removeOldest(prefix: string): Promise<void> {
  const dir = dirname(prefix);
  const names = (await readdir(dir)).filter((name) => name.startsWith(basename(prefix))).sort();
  for (const name of names.slice(0, -MAX_SET_ASIDE)) await rm(join(dir, name), { recursive: true, force: true });
}
