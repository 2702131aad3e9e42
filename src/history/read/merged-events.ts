import { stat } from 'node:fs/promises';
import type { RequestEvent } from '../../event/request-event.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import { type LogFile, type LogReader, openLogReader, REORDER_WINDOW_MS } from './log-reader.ts';
import { createReorder } from './reorder.ts';
import { type Tally, totalOf } from './tally.ts';

/** How much of a log is looked at for its first event, before it is its turn. */
const MAX_PEEK_BYTES = 4 * 1024 * 1024;

/** A log whose turn has not come. */
interface Waiting {
  readonly log: LogFile;
  readonly bytes: number;
  /** -Infinity where the beginning has none: it is read at once, as nobody can tell. */
  readonly firstMs: number;
}

export interface MergeOptions {
  readonly logs: readonly LogFile[];
  /** Bytes of the files read so far, of all. */
  readonly onProgress?: ((read: number, all: number) => void) | undefined;
  /** Gets the tally of each log once it was read. */
  readonly tallies: Tally[];
}

/**
 * The events of several logs in order of time, a batch at a time. The logs may overlap, be packed, be given in any order, and each may be
 * somewhat out of order in itself. Of the open ones the one that is furthest back is read next; an event is handed out when no open log can
 * bring an older one within the window. A log is opened when the others have come to its first event, so a year of daily logs has one or
 * two open. Throws a ProblemError when a log cannot be read or none of the lines tells when it was.
 */
export async function* mergedEvents(options: MergeOptions): AsyncGenerator<readonly RequestEvent[]> {
  const { logs, tallies, onProgress = () => {} } = options;
  const waiting = await lookAtAll(logs);
  const all = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  let readBefore = 0;
  const reorder = createReorder();
  const open: LogReader[] = [];
  try {
    for (;;) {
      await openDue(waiting, open, reorder.add);
      const next = furthestBack(open);
      if (next === undefined) break;
      if (!(await next.step())) {
        open.splice(open.indexOf(next), 1);
        tallies.push(next.tally);
        readBefore += next.takenBytes;
        await next.close();
      }
      const readNow = open.reduce((sum, { takenBytes }) => sum + takenBytes, readBefore);
      onProgress(readNow, all);
      const oldestMs = Math.min(
        furthestBack(open)?.newestMs ?? Number.POSITIVE_INFINITY,
        waiting[0]?.firstMs ?? Number.POSITIVE_INFINITY,
      );
      const batch = reorder.takeBefore(oldestMs - REORDER_WINDOW_MS);
      if (batch.length > 0) yield batch;
    }
    const rest = reorder.takeBefore(Number.POSITIVE_INFINITY);
    if (rest.length > 0) yield rest;
  } finally {
    // Who wants no more has still read them.
    for (const reader of open) {
      tallies.push(reader.tally);
      await reader.close();
    }
  }
  requireTimes(tallies);
}

function furthestBack(open: readonly LogReader[]): LogReader | undefined {
  let back: LogReader | undefined;
  for (const reader of open) if (back === undefined || reader.newestMs < back.newestMs) back = reader;
  return back;
}

/** Opens the logs that the others have come to; the first of all where none is open. */
async function openDue(
  waiting: Waiting[],
  open: LogReader[],
  onEvent: (event: RequestEvent) => boolean,
): Promise<void> {
  for (;;) {
    const [next] = waiting;
    if (next === undefined) return;
    const back = furthestBack(open);
    if (back !== undefined && next.firstMs > back.newestMs) return;
    waiting.shift();
    open.push(await openLogReader(next.log, onEvent));
  }
}

async function lookAtAll(logs: readonly LogFile[]): Promise<Waiting[]> {
  const problems: Problem[] = [];
  const waiting: Waiting[] = [];
  const seen = new Set<string>();
  for (const log of logs) {
    try {
      const stats = await stat(log.file);
      // A pipe would give its beginning to the look and only the rest to the reader.
      if (!stats.isFile()) throw new Error('it is no regular file; write it to one first');
      // Two names of one file are one log.
      const inode = `${stats.dev}:${stats.ino}`;
      if (seen.has(inode)) continue;
      seen.add(inode);
      waiting.push({ log, bytes: stats.size, firstMs: await firstTime(log) });
    } catch (error) {
      const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      problems.push({ code: 'history.unreadable', file: log.file, message });
    }
  }
  if (problems.length > 0) throw new ProblemError(problems);
  return waiting.sort((a, b) => a.firstMs - b.firstMs);
}

/** Time of the first event near the beginning. */
async function firstTime(log: LogFile): Promise<number> {
  let firstMs = Number.POSITIVE_INFINITY;
  const reader = await openLogReader(log, ({ timeMs }) => {
    firstMs = Math.min(firstMs, timeMs);
    return true;
  });
  try {
    while (firstMs === Number.POSITIVE_INFINITY && reader.takenBytes < MAX_PEEK_BYTES && (await reader.step()));
  } finally {
    await reader.close();
  }
  return firstMs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : firstMs;
}

function requireTimes(tallies: readonly Tally[]): void {
  const { events, leftOut } = totalOf(tallies);
  if (events === 0 || leftOut.no_time < events) return;
  const problems = tallies
    .filter(({ events }) => events > 0)
    .map(({ file }) => ({
      code: 'history.no_time',
      file,
      message:
        'its lines do not tell when they were written, so they have no place in the past; log the time too, or name its field in the configuration (logs[].fields.time, with --config.file)',
    }));
  throw new ProblemError(problems);
}
