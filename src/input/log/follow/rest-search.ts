import type { Intake, IntakeOptions } from '../intake.ts';
import { PackedFile } from '../packed/packed-file.ts';
import { errorCode } from '../path-look.ts';
import { isShortCopy } from '../positions/content.ts';
import type { Kept } from '../positions/position.ts';
import { Descriptor } from './descriptor.ts';
import type { FileQueue } from './file-queue.ts';
import type { FollowContext } from './follow-context.ts';
import type { LogFile } from './log-file.ts';
import { OpenFile, type OpenFileOptions } from './open-file.ts';
import { findSiblings, type Sibling } from './siblings.ts';

/** File systems stamp files by clocks that may be behind ours by this much: the steps of FAT are 2 s. */
const CLOCK_SLACK_MS = 2000;

export interface RestSearchOptions extends FollowContext {
  readonly path: string;
  readonly queue: FileQueue;
  readonly onCut: OpenFileOptions['onCut'];
}

/** What is known of one file beside the log before it is opened. */
interface Chance {
  /** Whether it is read if nothing of it was read before. */
  readonly isWantedIfNew: boolean;
  /** The cut log of which it may be the copy. */
  readonly cut: Kept | undefined;
}

/** What is searched for, and since when it may have been written. */
export interface Rest {
  /** Positions of files that were lost sight of. */
  readonly lost: readonly Kept[];
  /** The path is looked at for the first time in this run. */
  readonly isFirst?: boolean | undefined;
  /** That of the lost whose file is still there, but was cut. */
  readonly cut?: Kept | undefined;
  /** When the path was last looked at. */
  readonly sinceMs: number;
  /** Rests come before this file in the queue; last if undefined. */
  readonly before?: LogFile | undefined;
  /** The line that was begun in a file that was cut. */
  readonly begun?: Intake | undefined;
  readonly intake: IntakeOptions;
}

/**
 * Finds what a path led to while nobody looked. It is asked when a log has another file than last time, or was cut: then a rotation took
 * place, perhaps several, and what was not read yet lies beside the log under other names, perhaps packed.
 *
 * Each file beside the log is one of these:
 * - It has a position: its rest is read. That is the renamed log; the copy that copytruncate made; a packed one.
 * - It is unknown, has a name that rotation gives, and was written after the log was last seen: a generation that came and went in
 *   between. All of it is read.
 * - It is the first that came after a log was cut, begins like that log and is shorter than what was read of it: the copy was made before
 *   the last lines that were read. It is known from now on; nothing of it is read. Those that came later may begin alike too, as files of
 *   one format do, and are others: a cut makes one copy.
 * - Anything else was there before, and is left alone.
 * Those last changed before the lost files were last read can hold nothing new, so they are not even opened. gzip and rename keep the time
 * of the last change, so this holds for them too.
 *
 * What is lost: rests that were removed or moved to another folder before we looked; and of a log that is copied and truncated, the lines
 * written after the copy was made and before the cut. Those are nowhere: the operating system has no way to do both at once.
 */
export class RestSearch {
  readonly #options: RestSearchOptions;
  /** Searches that wait for packed files to be understood. */
  readonly #unfinished: Rest[] = [];

  constructor(options: RestSearchOptions) {
    this.#options = options;
  }

  /** Since when what was written may still turn out to be new, wall time; far in the future if nothing is searched for. */
  get unfinishedMs(): number {
    return Math.min(...this.#unfinished.map(({ sinceMs }) => sinceMs));
  }

  /** Puts all that is to be read into the queue, oldest first. Throws nothing. */
  begin(rest: Rest): void {
    const { path, positions } = this.#options;
    const lastSeenMs = Math.min(...rest.lost.map(({ position }) => position.mtimeMs));
    const sinceMs = rest.sinceMs - CLOCK_SLACK_MS;
    // The slack does not reach back behind what was seen. What was seen later says nothing: an earlier search may not have ended.
    const newFromMs = rest.lost.length === 0 ? sinceMs : Math.max(sinceMs, Math.min(lastSeenMs, rest.sinceMs));
    const knownFromMs = rest.lost.length === 0 ? sinceMs : lastSeenMs;
    const paths = [path, ...rest.lost.map(({ position }) => position.path)];
    let { cut } = rest;
    // What was listed a moment ago may lack the copy for which we search now; after a start all is older than that.
    for (const sibling of findSiblings(paths, rest.isFirst ? this.#options.namesIn : undefined)) {
      if (sibling.mtimeMs < Math.min(knownFromMs, newFromMs)) continue;
      if (positions.open.has(sibling.identity) || positions.isReadWhole(sibling)) continue;
      const isWantedIfNew = sibling.isLikely && (sibling.mtimeMs >= newFromMs || isUnread(sibling, rest));
      const mayBeCopy = cut !== undefined && sibling.mtimeMs >= cut.position.mtimeMs;
      if (this.#takeUp(sibling, rest, { isWantedIfNew, cut: mayBeCopy ? cut : undefined })) cut = undefined;
    }
    this.#unfinished.push(rest);
    this.conclude();
  }

  /** Ends the searches for which nothing more can be found. */
  conclude(): void {
    const { queue, positions, path } = this.#options;
    if (this.#unfinished.length === 0 || queue.files.some((file) => file.isUndecided && !file.named)) return;
    for (const { lost, begun } of this.#unfinished.splice(0)) {
      const missing = positions.liveAt(path).filter((kept) => lost.includes(kept));
      positions.giveUp(missing);
      // Found, the line goes on there. Nowhere to be found, nobody will write its end.
      if (missing.length > 0) begun?.abandon();
    }
  }

  /** Tells whether it is the copy of the log that was cut, or may turn out to be. */
  #takeUp(sibling: Sibling, rest: Rest, chance: Chance): boolean {
    const { queue, path, positions, log } = this.#options;
    const { cut } = chance;
    try {
      const descriptor = new Descriptor(sibling.path);
      const file = sibling.isPacked
        ? new PackedFile(descriptor, { ...this.#options, ...chance, intake: rest.intake, followedPath: path })
        : this.#openPlain(descriptor, rest, chance);
      if (file === undefined || file === 'short copy') return file !== undefined;
      file.named = false;
      queue.add(file, rest.before);
      log.info('rotated log file opened', { path, rotated: sibling.path });
      return cut !== undefined && (sibling.isPacked || !positions.kept.has(cut));
    } catch (error) {
      log.warn('rotated log file cannot be read', { path, rotated: sibling.path, code: errorCode(error) });
      return false;
    }
  }

  #openPlain(descriptor: Descriptor, rest: Rest, { isWantedIfNew, cut }: Chance): OpenFile | 'short copy' | undefined {
    const { path, positions, buffer, onCut } = this.#options;
    const options = { followedPath: path, intake: rest.intake, buffer, onCut };
    try {
      const known = positions.match(descriptor, 'content');
      if (known !== undefined) {
        const file = new OpenFile(descriptor, { ...options, start: known.position });
        positions.take(known);
        return file;
      }
      const isShort = cut !== undefined && isShortCopy(descriptor, cut.position);
      if (!isShort && isWantedIfNew && !positions.open.isCopy(descriptor)) {
        return new OpenFile(descriptor, { ...options, start: 'beginning' });
      }
      if (isShort) {
        const position = new OpenFile(descriptor, { ...options, start: 'end' }).position();
        positions.kept.add({ position, isLive: false });
      }
      descriptor.close();
      return isShort ? 'short copy' : undefined;
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }
}

/**
 * Whether this may be a file that was waiting when it was lost sight of. Nothing was read of it, so it has no bytes to be known by; but
 * packing keeps its time. A log that was changed since then is new by that time.
 */
function isUnread({ mtimeMs }: Sibling, { lost }: Rest): boolean {
  return lost.some(({ position }) => position.offset === 0 && position.mtimeMs === mtimeMs);
}
