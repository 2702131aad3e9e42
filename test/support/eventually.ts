import { setTimeout as wait } from 'node:timers/promises';

/** Polls `check` until it stops throwing; fails with its last error after `deadlineMs`. */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = 10_000, everyMs = 20): Promise<T> {
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
