import type { LineConfig } from '../../config/schema.ts';
import { eachEvent } from '../../event/event-batch.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { SourceSink } from '../../event/sink.ts';
import { configuredParser } from '../../input/configured-parser.ts';
import { Intake } from '../../input/log/intake.ts';
import { type LogBytes, openLogBytes } from './log-bytes.ts';
import { count, newTally, type Tally } from './tally.ts';

/**
 * How far behind its neighbours a line may stand. nginx writes in buffers of its workers and flushes them after a minute by default at the
 * longest; logs that tell when a request began may be behind by a long generation.
 */
export const REORDER_WINDOW_MS = 5 * 60_000;

/** A first line that is this much older than the next one is a mistake: a clock that was not set yet. */
const FAR_BEHIND_MS = 31 * 86_400_000;

/** One log and how its lines are written. */
export interface LogFile {
  readonly file: string;
  readonly lines: LineConfig;
}

/** One log that is being read. */
export interface LogReader {
  /** Reads the next piece; false at the end. */
  step(): Promise<boolean>;
  /** Time of the newest event so far; -Infinity before the first. */
  readonly newestMs: number;
  /** Bytes of the file that were read. */
  readonly takenBytes: number;
  readonly tally: Tally;
  close(): Promise<void>;
}

/** Lines that tell no time get this one: nothing else in an event is a moment before the epoch. */
const NO_TIME = Number.NaN;

/**
 * Reads one log with the parser of `serve --file`. `onEvent` gets events of its own, in the order of the file; `false` from it: too late.
 *
 * A line may bear a time that is far from the truth (a clock before it was set, another unit). One that is far ahead would make all that
 * follow late. So an event that is further ahead than the window is held until the next one, which either agrees or shows it to be a stray.
 */
export async function openLogReader(
  { file, lines }: LogFile,
  onEvent: (event: RequestEvent) => boolean,
): Promise<LogReader> {
  const bytes = await openLogBytes(file);
  const tally = newTally(file);
  const order = createOrderWatch(tally, onEvent);
  const sink = tallySink(tally, order.take);
  const intake = new Intake({
    sink,
    parserFor: () => configuredParser(lines, { nowMs: () => NO_TIME, elapsedMs: () => 0, after: () => () => {} }, sink),
    maxLineBytes: lines.max_line,
  });
  return {
    async step() {
      const piece = await bytes.next();
      if (piece !== undefined) {
        intake.push(piece);
        return true;
      }
      finish(intake, bytes, tally);
      order.end();
      return false;
    },
    get newestMs() {
      return order.newestMs;
    },
    get takenBytes() {
      return bytes.taken;
    },
    tally,
    close: () => bytes.close(),
  };
}

function finish(intake: Intake, { fault }: LogBytes, tally: Tally): void {
  tally.fault = fault;
  if (fault === undefined) intake.finish();
  else intake.abandon();
}

/** What a followed file tells a recorder, told to a tally; what a past log has no use for is ignored. */
function tallySink(tally: Tally, take: (event: RequestEvent) => void): SourceSink {
  const onEvent = (event: RequestEvent) => {
    tally.events += 1;
    if (Number.isNaN(event.timeMs)) count(tally.leftOut, 'no_time');
    else take(copyOf(event));
  };
  return {
    read(_bytes, lines) {
      tally.lines += lines;
    },
    event: onEvent,
    batch: (batch) => eachEvent(batch, onEvent),
    filtered() {
      tally.filtered += 1;
    },
    reject: (reason) => count(tally.rejected, reason),
    rotated() {},
    lost() {},
    status() {},
    close() {},
  };
}

/** The parser uses its event, and the tokens in it, again for the next line. */
function copyOf(event: RequestEvent): RequestEvent {
  return event.tokens === undefined ? { ...event } : { ...event, tokens: { ...event.tokens } };
}

function createOrderWatch(tally: Tally, onEvent: (event: RequestEvent) => boolean) {
  let newestMs = Number.NEGATIVE_INFINITY;
  /** Far ahead of all before it, and not yet confirmed by the next one. */
  let held: RequestEvent | undefined;

  function accept(event: RequestEvent): void {
    if (event.timeMs > newestMs) newestMs = event.timeMs;
    if (!onEvent(event)) count(tally.leftOut, 'late');
  }

  function settle(before: RequestEvent, next: RequestEvent): void {
    const isAhead = next.timeMs < before.timeMs - REORDER_WINDOW_MS;
    const isFarBehind = newestMs === Number.NEGATIVE_INFINITY && next.timeMs > before.timeMs + FAR_BEHIND_MS;
    if (isAhead || isFarBehind) count(tally.leftOut, 'stray');
    else accept(before);
  }

  return {
    get newestMs() {
      return newestMs;
    },
    take(event: RequestEvent): void {
      // What is itself late tells nothing of the one that is held.
      if (held !== undefined && event.timeMs >= newestMs - REORDER_WINDOW_MS) {
        const before = held;
        held = undefined;
        settle(before, event);
      }
      if (held === undefined && event.timeMs > newestMs + REORDER_WINDOW_MS) held = event;
      else accept(event);
    },
    end(): void {
      if (held === undefined) return;
      if (newestMs > Number.NEGATIVE_INFINITY && held.timeMs > newestMs + FAR_BEHIND_MS) count(tally.leftOut, 'stray');
      else accept(held);
      held = undefined;
    },
  };
}
