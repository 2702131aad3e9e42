import type { Clock } from '../../../clock.ts';

/** How long to wait before what has ended is started again. */
export interface Backoff {
  /** It was started now. */
  started(): void;
  /** It has ended now: the wait before the next start. */
  nextDelayMs(): number;
}

/** Short enough that one crash is hardly noticed. */
const FIRST_DELAY_MS = 100;
/** Long enough that one that crashes at every start costs next to nothing. */
const MAX_DELAY_MS = 30_000;
/** What has lived so long was well: its end begins a new count. */
const HEALTHY_MS = 60_000;

/** Doubles the wait with each end that comes soon after its start. */
export function createBackoff(clock: Clock): Backoff {
  let startedMs = clock.elapsedMs();
  let delayMs = FIRST_DELAY_MS;
  return {
    started() {
      startedMs = clock.elapsedMs();
    },
    nextDelayMs() {
      if (clock.elapsedMs() - startedMs >= HEALTHY_MS) delayMs = FIRST_DELAY_MS;
      const delay = delayMs;
      delayMs = Math.min(MAX_DELAY_MS, delayMs * 2);
      return delay;
    },
  };
}
