import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../log.ts';
import { createLock } from './lock.ts';

/** The folder of one exporter's state. */
export interface Folder {
  /** Makes it where it is missing, and takes its lock; rejects with a FolderBusyError, or with the error of the file system. */
  prepare(): Promise<void>;
  release(): void;
}

/** Another process writes to the folder. */
export class FolderBusyError extends Error {
  override readonly name = 'FolderBusyError';
  readonly code = 'EBUSY';
}

/** Where no lock can be had, the folder is used without one, and that is said once. */
export function createFolder(dir: string, log: Log): Folder {
  const lock = createLock(join(dir, 'lock'));
  let isUnlockable = false;
  return {
    async prepare() {
      await makeFolder(dir);
      const result = await lock.take();
      if (result === 'busy') throw new FolderBusyError(`${dir} is in use by another llm-exporter`);
      if (result === 'unavailable' && !isUnlockable) {
        log.warn('the state folder cannot be locked: nothing keeps a second llm-exporter from using it', { dir });
      }
      isUnlockable = result === 'unavailable';
    },
    release: () => lock.release(),
  };
}

/**
 * Makes a folder and those above it. Not `recursive`, with which Node.js tries for ever where mkdir(2) answers ENOENT in a folder that is
 * there, as it does in /proc.
 */
async function makeFolder(dir: string): Promise<void> {
  try {
    return await makeOne(dir);
  } catch (error) {
    const above = dirname(dir);
    const isParentMissing =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' && !(await isFolder(above));
    if (!isParentMissing || above === dir) throw error;
    await makeFolder(above);
  }
  await makeOne(dir);
}

async function makeOne(dir: string): Promise<void> {
  try {
    // For us alone: positions tell which logs there are, and label values who is called.
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    if (!(await isFolder(dir))) throw error;
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
