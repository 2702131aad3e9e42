import { type BigIntStats, statSync } from 'node:fs';
import { type FileIdentity, inMs } from './follow/descriptor.ts';

/** What a path leads to at this moment. `unknown`: the file system would not say, so nothing may be concluded from it. */
export type PathLook =
  | { readonly kind: 'file'; readonly identity: FileIdentity; readonly size: number; readonly mtimeMs: number }
  | { readonly kind: 'absent'; readonly trouble: string }
  | { readonly kind: 'not_a_file'; readonly trouble: string; readonly type: string }
  | { readonly kind: 'unknown'; readonly trouble: string };

/** Looks without opening, symbolic links followed. Never throws. */
export function lookAtPath(path: string): PathLook {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return { kind: 'absent', trouble: 'ENOENT' };
    if (!stat.isFile()) return { kind: 'not_a_file', trouble: 'ENOTFILE', type: typeOf(stat) };
    return { kind: 'file', identity: stat, size: Number(stat.size), mtimeMs: inMs(stat.mtimeNs) };
  } catch (error) {
    return { kind: 'unknown', trouble: errorCode(error) };
  }
}

function typeOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return 'folder';
  if (stat.isFIFO()) return 'pipe';
  if (stat.isCharacterDevice()) return 'character device';
  return stat.isSocket() ? 'socket' : 'block device';
}

/** `EACCES` and the like; the name of the error where it has no code. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
