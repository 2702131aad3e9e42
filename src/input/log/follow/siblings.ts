import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, parse } from 'node:path';
import { lookAtPath } from '../path-look.ts';
import type { FileIdentity } from './descriptor.ts';

/** Most files beside a log that are looked at, the newest: a year of daily rotations that nobody removed. */
const MAX_SIBLINGS = 400;

/** What rotation puts into a name: a number, a date, a time, as logrotate, kubelet, Docker, lumberjack and newsyslog write them. */
const STAMP = String.raw`\d[\dTZ:.+_-]*`;
const BEHIND = new RegExp(`^(.+?)[._-](?:${STAMP}|old|bak|prev)$`);
/** Before the extension only what can be a date: `worker-2.log` is the log of another worker. */
const WITHIN = new RegExp(String.raw`^(.+?)[._-](?=(?:\D*\d){6})${STAMP}(\.[A-Za-z][A-Za-z0-9]*)$`);
const PACKED = /\.gz$/;
const UNREADABLE = /\.(?:bz2|xz|zst|lz4|lzma|Z|zip|tmp)$/;

/** A file beside a log whose name says that rotation may have made it from that log. */
export interface Sibling {
  readonly path: string;
  readonly identity: FileIdentity;
  readonly size: number;
  readonly mtimeMs: number;
  readonly isPacked: boolean;
  /** The name is what rotation makes. Otherwise it only begins alike (`access.log.copy`), and must be known by its content. */
  readonly isLikely: boolean;
}

/** The name a log had before rotation: `/l/access.log.2.gz`, `/l/access.log-20260902` and `/l/access-20260902.log` give `/l/access.log`. */
export function unrotated(path: string): string {
  const name = basename(path).replace(PACKED, '');
  const behind = BEHIND.exec(name);
  const within = WITHIN.exec(name);
  return join(dirname(path), behind?.[1] ?? (within ? `${within[1]}${within[2]}` : name));
}

export function isPacked(path: string): boolean {
  return PACKED.test(path);
}

/**
 * The files that rotation may have made of the logs under these paths, oldest first. It reads whole folders, so it is for the moments
 * in which a log was replaced, not for every poll. Both copies of a log that is just being packed are there for a while; only the plain
 * one is told. `namesIn` reads a folder. Never throws.
 */
export function findSiblings(paths: readonly string[], namesIn = readNames): readonly Sibling[] {
  const found = new Map<string, Sibling>();
  for (const path of new Set(paths.flatMap(withRealPath))) {
    const { dir, base } = parse(path);
    const names = namesIn(dir).filter((name) => name !== base && isSiblingName(base, name));
    const plain = new Set(names);
    for (const name of names) {
      if (isPacked(name) && plain.has(name.replace(PACKED, ''))) continue;
      const look = lookAtPath(join(dir, name));
      if (look.kind !== 'file') continue;
      const { identity, size, mtimeMs } = look;
      const isLikely = unrotated(join(dir, name)) === path || name === `${base}.gz`;
      const sibling = { path: join(dir, name), identity, size, mtimeMs, isPacked: isPacked(name), isLikely };
      found.set(`${identity.dev}:${identity.ino}`, sibling);
    }
  }
  return [...found.values()].sort((a, b) => a.mtimeMs - b.mtimeMs).slice(-MAX_SIBLINGS);
}

function isSiblingName(base: string, name: string): boolean {
  // Most names of a folder have nothing to do with this log: they are not looked at any closer.
  if (!name.startsWith(parse(base).name) || UNREADABLE.test(name)) return false;
  if (name.startsWith(base)) return '._-'.includes(name.charAt(base.length));
  const within = WITHIN.exec(name.replace(PACKED, ''));
  return within !== null && `${within[1]}${within[2]}` === base;
}

/** A link has its rotated files where it leads to (`/var/log/containers/*.log` into `/var/log/pods/`). */
function withRealPath(path: string): readonly string[] {
  try {
    return [path, realpathSync(path)];
  } catch {
    // Nothing is there now, so it leads nowhere.
    return [path];
  }
}

/** The names in a folder; none if it cannot be read. */
export function readNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder that cannot be read holds nothing for us; that the log in it cannot be read is told by its follower.
    return [];
  }
}
