import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until the test moves it; due tasks run in order while it moves. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0;
  const tasks = new Set<{ readonly dueMs: number; readonly run: () => void }>();
  return {
    nowMs: () => startMs + elapsed,
    elapsedMs: () => elapsed,
    after(delayMs, run) {
      const task = { dueMs: elapsed + delayMs, run };
      tasks.add(task);
      return () => tasks.delete(task);
    },
    advance(ms) {
      const end = elapsed + ms;
      for (;;) {
        const next = [...tasks].filter((task) => task.dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        tasks.delete(next);
        elapsed = next.dueMs;
        next.run();
      }
      elapsed = end;
    },
  };
}
