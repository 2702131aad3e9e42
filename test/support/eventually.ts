import { setTimeout as wait } from 'node:timers/promises';

/** Only what never comes fails by it: it is far beyond what anything takes, also where twenty others want the same processor. */
export const DEADLINE_MS = 60_000;

/** Polls `check` until it stops throwing; fails with its last error after `deadlineMs`. */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = DEADLINE_MS, everyMs = 20): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await wait(everyMs);
  }
}
