/** Time as the program may know it. Tests hand in one that they move by hand. */
export interface Clock {
  /** Wall time, milliseconds since the epoch: for timestamps only, it may jump. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start that never go back: for durations. */
  elapsedMs(): number;
  /** Runs `task` once after `delayMs`; returns a way to cancel. The timer never keeps the process alive. */
  after(delayMs: number, task: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
