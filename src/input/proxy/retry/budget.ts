import type { Clock } from '../../../clock.ts';

/** How many retries the traffic of the last minute has earned. */
export interface RetryBudget {
  /** A request came; its retries are not told. */
  request(): void;
  /** Takes one retry, if `ratio` retries per request allow one more. */
  take(ratio: number): boolean;
}

const WINDOW_SECONDS = 60;
/**
 * Retries a minute that need not be earned, or traffic of less than five requests a minute would never be tried again at the
 * default ratio. It stands in place of what was earned, not on top of it: an outage under load sees the ratio and no more.
 */
export const FREE_RETRIES = 10;

interface Second {
  at: number;
  requests: number;
  retries: number;
}

/**
 * Counts requests and retries by the second in a ring of a minute. A ratio of all traffic, as Finagle and Linkerd have it, is what keeps
 * retries from feeding an outage: a limit per request alone multiplies the load by itself just when there is too much of it.
 */
export function createRetryBudget(clock: Clock, freeRetries = FREE_RETRIES): RetryBudget {
  const ring: Second[] = Array.from({ length: WINDOW_SECONDS }, () => ({ at: -1, requests: 0, retries: 0 }));
  const nowSeconds = (): number => Math.floor(clock.elapsedMs() / 1000);

  function current(): Second {
    const at = nowSeconds();
    const second = ring[at % WINDOW_SECONDS];
    if (second?.at === at) return second;
    const fresh = { at, requests: 0, retries: 0 };
    ring[at % WINDOW_SECONDS] = fresh;
    return fresh;
  }

  return {
    request() {
      current().requests += 1;
    },
    take(ratio) {
      const second = current();
      const seen = ring.filter(({ at }) => at > second.at - WINDOW_SECONDS);
      const requests = seen.reduce((sum, each) => sum + each.requests, 0);
      const retries = seen.reduce((sum, each) => sum + each.retries, 0);
      if (ratio === 0 || retries + 1 > Math.max(freeRetries, ratio * requests)) return false;
      second.retries += 1;
      return true;
    },
  };
}
