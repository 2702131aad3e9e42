import type { Clock } from '../../clock.ts';

/**
 * How long a step may take, in which nothing else runs. With less, a busy event loop goes round more often for the same log, which costs
 * more than it gives.
 */
const STEP_MS = 2;
/** What a step reads before it is known how long that takes: about 2 ms of lines that are new. */
const FIRST_BYTES = 96 * 1024;
/** Below it, looking at the file costs more than reading it. */
const MIN_BYTES = 32 * 1024;
/** Lines may be slow all of a sudden, when everything fails: a step of so many bytes is over in some 10 ms even so. */
const MAX_BYTES = 1024 * 1024;

/** On a busy machine a step may take long because others run meanwhile: the quickest of so many steps tells how quickly lines are read. */
const STEPS = 4;

/** How much one step of a log reads: as much as it was able to read in the time of a step. */
export interface StepBudget {
  readonly bytes: number;
  /** Runs a step, which returns how much it read. */
  measure(step: () => number): number;
}

/** `fixed` is for those who want to say it themselves. */
export function createStepBudget(clock: Pick<Clock, 'elapsedMs'>, fixed: number | undefined): StepBudget {
  let bytes = fixed ?? FIRST_BYTES;
  const bytesPerMs = new Float64Array(STEPS);
  let steps = 0;
  return {
    get bytes() {
      return bytes;
    },
    measure(step) {
      const startMs = clock.elapsedMs();
      const read = step();
      const tookMs = clock.elapsedMs() - startMs;
      // A step that ended early tells of other things than the speed of reading.
      if (fixed !== undefined || read < bytes || tookMs <= 0) return read;
      bytesPerMs[steps % STEPS] = read / tookMs;
      steps += 1;
      // Up by half at most, as a quick step may be luck.
      const fitting = Math.min(Math.max(...bytesPerMs) * STEP_MS, bytes * 1.5);
      bytes = Math.round(Math.min(Math.max(fitting, MIN_BYTES), MAX_BYTES));
      return read;
    },
  };
}
