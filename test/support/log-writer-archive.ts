import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** How rotated files are called: `.1`, `.2`, each moving up, or logrotate's `dateext`. */
export const NAMINGS = ['numbered', 'dated'] as const;
export type Naming = (typeof NAMINGS)[number];

/** The rotated files of one log, kept as logrotate keeps them. */
export interface LogArchive {
  /** Makes room for one more: shifts the others, removes the oldest, and returns where the log goes. */
  next(): string;
  /** Begins to compress the newest file that is not, which leaves half a `.gz` beside it, as a slow gzip does. */
  beginCompress(): void;
  /** Ends what was begun: the `.gz` is whole and has the file's times, the file is gone. */
  endCompress(): void;
}

/** An hour of `dateformat -%Y%m%d%H`; each rotation is the next one. */
const FIRST_HOUR_MS = Date.UTC(2026, 8, 2);
const HOUR_MS = 3_600_000;

export function createLogArchive(
  log: string,
  { naming, keep }: { readonly naming: Naming; readonly keep: number },
): LogArchive {
  let rotations = 0;
  let begun: { readonly from: string; readonly fd: number; readonly rest: Buffer } | undefined;

  function endCompress(): void {
    if (begun === undefined) return;
    const { from, fd, rest } = begun;
    begun = undefined;
    writeSync(fd, rest);
    closeSync(fd);
    // As gzip does, to the nanosecond; Node.js knows microseconds only.
    execFileSync('touch', ['-r', from, `${from}.gz`]);
    rmSync(from);
  }

  return {
    next() {
      endCompress();
      rotations += 1;
      const files = newestFirst(log, naming);
      for (const old of files.splice(Math.max(0, keep - 1))) rmSync(join(dirname(log), old));
      if (naming === 'dated') return `${log}-${hour(rotations)}`;
      for (const file of files.reverse())
        renameSync(join(dirname(log), file), `${log}.${numberOf(file) + 1}${zipOf(file)}`);
      return `${log}.1`;
    },
    beginCompress() {
      endCompress();
      const file = newestFirst(log, naming).find((name) => zipOf(name) === '');
      if (file === undefined) return;
      const from = join(dirname(log), file);
      const zipped = gzipSync(readFileSync(from));
      const fd = openSync(`${from}.gz`, 'wx');
      const half = Math.floor(zipped.length / 2);
      writeSync(fd, zipped.subarray(0, half));
      begun = { from, fd, rest: zipped.subarray(half) };
    },
    endCompress,
  };
}

function hour(rotations: number): string {
  return new Date(FIRST_HOUR_MS + rotations * HOUR_MS).toISOString().slice(0, 13).replace(/\D/g, '');
}

function newestFirst(log: string, naming: Naming): string[] {
  const name = basename(log);
  const files = readdirSync(dirname(log)).filter((file) => file.startsWith(name) && file !== name);
  return naming === 'numbered'
    ? files.sort((a, b) => numberOf(a) - numberOf(b))
    : files.sort((a, b) => b.localeCompare(a));
}

function zipOf(file: string): '' | '.gz' {
  return file.endsWith('.gz') ? '.gz' : '';
}

function numberOf(file: string): number {
  return Number(/\.(\d+)(?:\.gz)?$/.exec(file)?.[1]);
}
