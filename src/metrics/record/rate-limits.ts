import type { Clock } from '../../clock.ts';
import { RATE_LIMIT_RESOURCES, type RateLimitBucket, type RateLimitResource } from '../../event/request-event.ts';
import { OTHER } from '../cell-set.ts';
import type { Store } from '../store.ts';
import type { Judged } from './measure.ts';

/** Other clients spend from the same buckets, and most are a minute's: what was said so long ago says nothing of now. */
export const MAX_AGE_MS = 10 * 60_000;
/**
 * Past its reset a bucket is full again and its last word is wrong. But many resets are milliseconds away, so that a
 * value must outlive them to be seen at all: by one and a half scrapes of the longest usual interval, a minute.
 */
export const RESET_GRACE_MS = 90_000;
/** Live buckets at one time, far above what one gateway's keys and models have. A live one is never dropped for a new one. */
export const MAX_BUCKETS = 2000;

const GAUGES = ['llm_rate_limit_limit', 'llm_rate_limit_remaining', 'llm_rate_limit_reset_timestamp_seconds'] as const;
type Gauge = (typeof GAUGES)[number];

/** What was last said of one resource of one model. */
interface Told extends RateLimitBucket {
  readonly labels: { readonly provider: string; readonly model: string; readonly resource: RateLimitResource };
  readonly timeMs: number;
}

/**
 * Exposes the rate limits that answers tell of, as they were last told: the newest by its own time, since a long stream
 * ends after a short answer that began later. Stale ones are taken away at the scrape that finds them so. Returns what
 * is to be called for every event.
 */
export function createRateLimits({
  store,
  clock,
}: {
  readonly store: Store;
  readonly clock: Clock;
}): (judged: Judged) => void {
  const live = new Map<string, Told>();
  const limit = Math.min(MAX_BUCKETS, store.seriesLimit);

  store.beforeCollect(() => {
    for (const [key, told] of live) {
      if (isStale(told, clock.nowMs())) live.delete(key);
      expose(store, told, live.has(key));
    }
  });

  return ({ event: { rateLimit }, provider, model }) => {
    // Models that share the label "other" have limits of their own: its gauge would be whichever spoke last.
    if (rateLimit === undefined || model === OTHER) return;
    // A clock that was ahead must not silence all that comes after it.
    const timeMs = Math.min(rateLimit.timeMs, clock.nowMs());
    for (const resource of RATE_LIMIT_RESOURCES) {
      const bucket = rateLimit[resource];
      if (bucket === undefined) continue;
      const key = `${provider}\n${model}\n${resource}`;
      const known = live.get(key);
      if (known === undefined ? live.size >= limit : known.timeMs > timeMs) continue;
      live.set(key, { ...bucket, timeMs, labels: known?.labels ?? { provider, model, resource } });
    }
  };
}

function isStale({ timeMs, resetSeconds }: Told, nowMs: number): boolean {
  if (Math.abs(nowMs - timeMs) > MAX_AGE_MS) return true;
  return resetSeconds !== undefined && nowMs - timeMs > resetSeconds * 1000 + RESET_GRACE_MS;
}

/** Sets what was told and removes what was not, or no longer. */
function expose(store: Store, told: Told, isLive: boolean): void {
  const { labels, limit, remaining, resetSeconds, timeMs } = told;
  const values: Readonly<Record<Gauge, number | undefined>> = {
    llm_rate_limit_limit: limit,
    // An overdraft is evidence of why a request was refused; as a gauge it would make `remaining / limit` lie.
    llm_rate_limit_remaining: remaining === undefined ? undefined : Math.max(0, remaining),
    llm_rate_limit_reset_timestamp_seconds: resetSeconds === undefined ? undefined : timeMs / 1000 + resetSeconds,
  };
  for (const gauge of GAUGES) {
    const value = isLive ? values[gauge] : undefined;
    if (value === undefined) store.remove(gauge, labels);
    else store.set(gauge, labels, value);
  }
}
