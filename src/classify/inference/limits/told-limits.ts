import type { RateLimit } from '../../../event/request-event.ts';
import { MINUTE, type TrafficCounts } from '../traffic-counts.ts';
import type { OwnLimit } from './own-limit.ts';

/** The limits that answers told of. */
export interface ToldLimits {
  learn(rateLimit: RateLimit): void;
  /** Which of them a refused request had met; undefined unless one is reached and the other is far. */
  reached(counts: TrafficCounts, startMs: number): OwnLimit | undefined;
}

/** The provider's minute begins elsewhere, and what still runs is not in ours. */
const REACHED_FROM = 0.9;
/** More than this let in within a minute: the limit is not one of a minute (Mistral counts seconds, Groq days). */
const REACHED_TO = 1.25;
const FAR_SHARE = 0.5;

export function createToldLimits(): ToldLimits {
  let requests: number | undefined;
  let tokens: number | undefined;
  return {
    learn(rateLimit) {
      requests = rateLimit.requests?.limit ?? requests;
      tokens = rateLimit.tokens?.limit ?? tokens;
    },
    reached(counts, startMs) {
      if (requests === undefined || tokens === undefined) return undefined;
      const requestShare = counts.sum('admitted', startMs, MINUTE) / requests;
      const tokenShare = counts.sum('tokens', startMs, MINUTE) / tokens;
      if (isReached(requestShare) && tokenShare <= FAR_SHARE) return 'requests';
      return isReached(tokenShare) && requestShare <= FAR_SHARE ? 'tokens' : undefined;
    },
  };
}

function isReached(share: number): boolean {
  return share >= REACHED_FROM && share <= REACHED_TO;
}
