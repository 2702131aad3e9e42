import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FileIdentity } from './descriptor.ts';
import type { LogFile } from './log-file.ts';

/** How much all files of one writer may begin with: banners, or the same probe again and again before the first request. */
const ALIKE_BYTES = 64 * 1024;

/** A look at the file that a path leads to. */
interface Look {
  readonly identity: FileIdentity;
  readonly size: number;
  readonly mtimeMs: number;
}

interface Seen {
  readonly file: LogFile;
  readonly end: number;
  readonly look: Look;
  /** When a name came or went beside it last. */
  readonly folderMs: number | undefined;
}

/**
 * A file that is cut shows it by its bytes before the place where reading goes on. They show nothing if there are none yet, or if it was
 * filled again with the same ones up to there, as happens to files that all begin alike. What is seen then: it was touched and did not
 * grow, or it was touched and there is a new name beside it, which may be that of the copy.
 *
 * Whoever is told looks beside the log. The file itself is read on where it is: up to there it holds what was counted.
 */
export class CutSuspicion {
  readonly #path: string;
  #seen: Seen | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The file was opened, and searched for as it is now. */
  begin(file: LogFile, look: Look): void {
    this.#seen = this.#see(file, look);
  }

  /** Whether the file may have been cut since the last time. To be asked before each read. */
  isDue(file: LogFile, look: Look): boolean {
    const before = this.#seen?.file === file ? this.#seen : undefined;
    const isTouched = before?.look.mtimeMs !== look.mtimeMs;
    if (!isTouched && before?.end === file.end) return false;
    const now = this.#see(file, look);
    this.#seen = now;
    if (file.end === 0) return isTouched;
    if (before === undefined || isKnownCut(file)) return false;
    // The first bytes that were read may have come after a cut.
    if (before.end === 0) return true;
    return isTouched && (look.size <= before.look.size || now.folderMs !== before.folderMs);
  }

  #see(file: LogFile, look: Look): Seen {
    return { file, end: file.end, look, folderMs: file.end <= ALIKE_BYTES ? folderTime(this.#path) : undefined };
  }
}

/** It tells of its cut by itself. */
function isKnownCut(file: LogFile): boolean {
  try {
    return file.isCut();
  } catch {
    // It cannot be read now, and that is told when it is read.
    return true;
  }
}

function folderTime(path: string): number | undefined {
  try {
    return statSync(dirname(path)).mtimeMs;
  } catch {
    // A folder that cannot be looked at cannot be searched either.
    return undefined;
  }
}
