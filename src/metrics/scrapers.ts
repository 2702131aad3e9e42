import type { Clock } from '../clock.ts';

/** Whether a series born late starts at 0 for those who scrape. */
export const BIRTHS = ['zero', 'immediate'] as const;
export type Birth = (typeof BIRTHS)[number];

/** Series born after both are shown as 0. */
export interface View {
  readonly afterBirth: number;
  /** `Clock.elapsedMs`. */
  readonly afterMs: number;
}

/** Every series with its true value: for people. */
export const TRUE_VALUES: View = { afterBirth: Number.POSITIVE_INFINITY, afterMs: Number.POSITIVE_INFINITY };

/** Who scrapes; replicas of one Prometheus differ in their address, programs on one host in their name. */
export interface Scraper {
  readonly address: string;
  readonly userAgent: string;
}

/** One scrape under way. */
export interface Scrape {
  readonly view: View;
  /** Call when the whole answer has left: only then has the scraper seen it. */
  delivered(): void;
}

export interface Scrapers {
  begin(scraper: Scraper): Scrape;
}

/** Prometheus' `--query.lookback-delta`: how far back it looks for the sample before an increase. */
const LOOKBACK_MS = 5 * 60_000;
/** HA pairs, agents and a few tests beside them; more than that is no set of scrapers. */
const MAX_SCRAPERS = 32;
const MAX_USER_AGENT_LENGTH = 200;

/**
 * Makes the first increment of a new series visible to `rate()`, which needs a sample before it: a counter or
 * histogram born since a scraper's last scrape is shown to that scraper as 0 once, then with its value
 * (https://github.com/prometheus/prometheus/issues/1853). Each scraper is remembered, so that scrapes never disturb
 * one another and both of an HA pair get the 0.
 *
 * A value that was shown is never taken back. So a scraper met for the first time, which may be a Prometheus that
 * restarted with its data but under a new address, gets 0 only for series that no scraper has seen the value of; and
 * series older than the lookback are shown as they are, since nobody would take the 0 for the sample before.
 */
export function createScrapers({
  clock,
  births,
  birth = 'zero',
}: {
  readonly clock: Clock;
  /** Series born so far. */
  readonly births: () => number;
  readonly birth?: Birth | undefined;
}): Scrapers {
  /** In order of their last scrape. */
  const known = new Map<string, { readonly seen: number; readonly lastMs: number }>();
  let shown = 0;

  const remember = (key: string, seen: number) => {
    const latest = Math.max(seen, known.get(key)?.seen ?? 0);
    known.delete(key);
    if (known.size < MAX_SCRAPERS) known.set(key, { seen: latest, lastMs: clock.elapsedMs() });
  };
  const show = (births: number) => {
    shown = Math.max(shown, births);
  };

  /** Forgetting is safe after a whole lookback: all that such a scraper has seen is older than that by now. */
  const hasRoom = () => {
    const [oldest] = known;
    if (oldest === undefined || known.size < MAX_SCRAPERS) return true;
    return clock.elapsedMs() - oldest[1].lastMs >= LOOKBACK_MS && known.delete(oldest[0]);
  };

  return {
    begin({ address, userAgent }) {
      const key = `${address}\n${userAgent.slice(0, MAX_USER_AGENT_LENGTH)}`;
      const seen = known.get(key)?.seen;
      const upTo = births();
      if (birth === 'immediate' || (seen === undefined && !hasRoom())) {
        return { view: TRUE_VALUES, delivered: () => show(upTo) };
      }
      const view = { afterBirth: seen ?? shown, afterMs: clock.elapsedMs() - LOOKBACK_MS };
      return {
        view,
        delivered() {
          show(view.afterBirth);
          remember(key, upTo);
        },
      };
    },
  };
}
