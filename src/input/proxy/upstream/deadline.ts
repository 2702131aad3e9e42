import type { Clock } from '../../../clock.ts';

/** A timer that is set again and again; times are the clock's `elapsedMs`. */
export interface Deadline {
  /** Runs the task at this time or, where it was to run sooner, at that time. */
  by(dueMs: number): void;
  clear(): void;
}

/**
 * To set a timer for each request and to cancel it again costs more than all that the timer watches. Here one that is due earlier stays, so
 * that many requests share it; the task looks whether its time has come, and asks for what is left.
 */
export function createDeadline(clock: Clock, task: () => void): Deadline {
  let cancel: (() => void) | undefined;
  let setMs = 0;
  const run = (): void => {
    cancel = undefined;
    task();
  };
  return {
    by(dueMs) {
      if (cancel !== undefined && setMs <= dueMs) return;
      cancel?.();
      setMs = dueMs;
      // The time may have come since the caller looked; Node warns of a delay below 0.
      cancel = clock.after(Math.max(0, dueMs - clock.elapsedMs()), run);
    },
    clear() {
      cancel?.();
      cancel = undefined;
    },
  };
}
