import { readFileSync, realpathSync } from 'node:fs';

/**
 * The places at which something is mounted, by the text of `/proc/self/mountinfo` (proc(5)); none where there is no such file.
 * A log that is mounted by itself into a container (`-v /var/log/nginx/access.log:/access.log`) is such a place. The path then leads to the
 * same file for ever: the host renames it and makes a new one, and the container never sees the new one.
 */
export function mountPlaces(mountInfo: string = readMountInfo()): ReadonlySet<string> {
  return new Set(mountInfo.split('\n').map((line) => unescapePlace(line.split(' ')[4] ?? '')));
}

export function isMountedAlone(path: string, places: ReadonlySet<string>): boolean {
  return places.has(realPath(path));
}

/** Spaces and the like are written as octal numbers. */
function unescapePlace(place: string): string {
  return place.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function readMountInfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    // Not Linux: nothing is known of mounts.
    return '';
  }
}
