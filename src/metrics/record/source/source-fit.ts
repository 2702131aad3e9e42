import type { Clock } from '../../../clock.ts';

/** What became of a number of lines: their sum is the number of lines. */
export interface LineCounts {
  readonly events: number;
  readonly filtered: number;
  readonly rejected: number;
}

/**
 * How a source's lines fit what was configured for it. `rejected`: most of the latest could not be read, so the format is wrong.
 * `filtered`: not one since the start was an LLM request, so perhaps the paths are.
 */
export interface SourceFit extends LineCounts {
  readonly verdict: 'good' | 'rejected' | 'filtered';
}

/** What the log says of it; the status page says it with its numbers. */
export const FIT_MESSAGES: Readonly<Record<SourceFit['verdict'], string>> = {
  good: 'the lines of this source fit again',
  rejected: 'most lines of this source could not be read: llm-exporter detect FILE tells their format',
  filtered:
    'no line of this source was an LLM request: see include, exclude_paths and fields.path in its configuration',
};

export interface FitWatch {
  /** Takes in what became of the lines of one chunk; called for each chunk and not for each line. */
  add(chunk: LineCounts): void;
  readonly fit: SourceFit;
}

/** The verdict is about at least so many lines, the latest, once there are as many. */
const WINDOW_LINES = 1_000;
/** Counts are kept for pieces of this many lines or of one chunk, whichever is more. */
const PIECE_LINES = 100;
/** Below it nothing is said: a few odd lines at the head of a log are no wrong format. */
const MIN_LINES = 20;
const TOO_MANY_REJECTED = 0.5;
/** A newest piece with fewer rejects than this means that the log, or what is configured for it, was mended: what was before is forgotten. */
const MENDED = 0.1;
/** Without a single request after so many lines the paths deserve a look; a web server may have few of them. */
const MIN_LINES_FILTERED = 1_000;
/** The same is not told again sooner than this, however often it comes and goes. */
const TOLD_EVERY_MS = 5 * 60_000;

const NO_LINES: LineCounts = { events: 0, filtered: 0, rejected: 0 };

/** Watches one source. `onChange` is told of trouble, and of the end of trouble that it was told of. */
export function createFitWatch(clock: Clock, onChange: (fit: SourceFit) => void): FitWatch {
  let total = NO_LINES;
  let pieces: LineCounts[] = [];
  let fit: SourceFit = { verdict: 'good', ...NO_LINES };
  let told: SourceFit['verdict'] = 'good';
  let toldMs = Number.NEGATIVE_INFINITY;

  function tell(): void {
    if (fit.verdict === told) return;
    const isSoon = fit.verdict !== 'good' && clock.elapsedMs() < toldMs + TOLD_EVERY_MS;
    if (isSoon) return;
    if (fit.verdict !== 'good') toldMs = clock.elapsedMs();
    told = fit.verdict;
    onChange(fit);
  }

  return {
    get fit() {
      return fit;
    },
    add(chunk) {
      if (linesOf(chunk) === 0) return;
      total = sum(total, chunk);
      pieces = latest(pieces, chunk);
      fit = judge(pieces.reduce(sum), total);
      const newest = pieces.at(-1) ?? NO_LINES;
      if (fit.verdict === 'rejected' && linesOf(newest) >= PIECE_LINES && rejectedShare(newest) < MENDED) {
        pieces = [newest];
        fit = judge(newest, total);
      }
      tell();
    },
  };
}

function judge(window: LineCounts, total: LineCounts): SourceFit {
  if (linesOf(window) >= MIN_LINES && rejectedShare(window) > TOO_MANY_REJECTED) {
    return { verdict: 'rejected', ...window };
  }
  const isAllFiltered = total.events === 0 && total.filtered > total.rejected;
  if (isAllFiltered && linesOf(total) >= MIN_LINES_FILTERED) return { verdict: 'filtered', ...total };
  return { verdict: 'good', ...window };
}

/** The pieces with the chunk added: the newest ones that hold WINDOW_LINES together. */
function latest(pieces: readonly LineCounts[], chunk: LineCounts): LineCounts[] {
  const newest = pieces.at(-1);
  const isFull = newest === undefined || linesOf(newest) >= PIECE_LINES;
  const all = isFull ? [...pieces, chunk] : [...pieces.slice(0, -1), sum(newest, chunk)];
  let lines = 0;
  // From the newest back: the first with which the window is full is the last that is needed.
  const first = all.findLastIndex((piece) => {
    lines += linesOf(piece);
    return lines >= WINDOW_LINES;
  });
  return first > 0 ? all.slice(first) : all;
}

function sum(a: LineCounts, b: LineCounts): LineCounts {
  return { events: a.events + b.events, filtered: a.filtered + b.filtered, rejected: a.rejected + b.rejected };
}

function linesOf({ events, filtered, rejected }: LineCounts): number {
  return events + filtered + rejected;
}

function rejectedShare(counts: LineCounts): number {
  return counts.rejected / linesOf(counts);
}
