import type { Clock } from '../../clock.ts';

/** How soon a source that was at its end is looked at again; an idle look is two system calls a file. */
const DEFAULT_POLL_INTERVAL_MS = 250;

/** One bounded, synchronous step of a source; answers whether there may be more to do at once. Never throws. */
export type Step = () => boolean;

/** The place of one source in the order. */
export interface Place {
  /** Asks for a turn soon: something came that may be read. */
  wake(): void;
  /** Gives up its turns. */
  leave(): void;
}

/** The order in which sources are read. */
export interface Turns {
  /** Gives the step its turns, the first one soon. */
  join(step: Step): Place;
}

export interface TurnsOptions {
  readonly clock: Clock;
  readonly pollIntervalMs?: number | undefined;
  /** Runs a task once, after the input and output that is waiting. */
  readonly soon?: ((task: () => void) => void) | undefined;
}

/**
 * One queue for all sources. Those that are behind take turns, one step of one source at a time, and between two steps the event loop
 * goes round once: what a request or a scrape waits for is one step for each of its own steps, however many files are behind. When each
 * source planned its own next step, all of them ran in the same round, one after the other.
 *
 * Sources at their end wait together for one timer and then queue up behind those that still have something to read.
 */
export function createTurns({
  clock,
  pollIntervalMs = DEFAULT_POLL_INTERVAL_MS,
  soon = setImmediate,
}: TurnsOptions): Turns {
  // Sets keep the order of insertion, so each is a queue that any member can leave.
  const waiting = new Set<Step>();
  const idle = new Set<Step>();
  let isTurnPlanned = false;
  let isLookPlanned = false;

  function plan(): void {
    if (waiting.size > 0 && !isTurnPlanned) {
      isTurnPlanned = true;
      soon(takeTurn);
    }
    if (idle.size > 0 && !isLookPlanned) {
      isLookPlanned = true;
      clock.after(pollIntervalMs, lookAgain);
    }
  }

  function takeTurn(): void {
    isTurnPlanned = false;
    const [step] = waiting;
    // Those that were waiting may all have left since.
    if (step === undefined) return;
    waiting.delete(step);
    const queue = step() ? waiting : idle;
    queue.add(step);
    plan();
  }

  function lookAgain(): void {
    isLookPlanned = false;
    for (const step of idle) waiting.add(step);
    idle.clear();
    plan();
  }

  return {
    join(step) {
      waiting.add(step);
      plan();
      return {
        wake() {
          if (idle.delete(step)) waiting.add(step);
          plan();
        },
        leave() {
          waiting.delete(step);
          idle.delete(step);
        },
      };
    },
  };
}
