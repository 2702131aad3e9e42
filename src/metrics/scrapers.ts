import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';

/** Whether a series born late starts at 0 for those who scrape. */
export const BIRTHS = ['zero', 'immediate'] as const;
export type Birth = (typeof BIRTHS)[number];

/** Counters and histograms born after this one are shown as 0. */
export interface View {
  readonly afterBirth: number;
}

/** Every series with its true value: for people. */
export const TRUE_VALUES: View = { afterBirth: Number.POSITIVE_INFINITY };

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

/** What scrapers have seen, as plain JSON that holds no address. */
// An interface would not do: it is not assignable to a type of JSON, because others could add to it.
export type SavedScrapers = {
  readonly shown: number;
  /** In order of their last scrape, which is in epoch milliseconds. */
  readonly scrapers: readonly { readonly id: string; readonly seen: number; readonly lastMs: number }[];
};

export interface Scrapers {
  /**
   * Call before the cut that will be shown: what the answer gives away is noted here already, so that whoever saves the
   * state together with that cut saves this too.
   */
  begin(scraper: Scraper): Scrape;
  /** For `saved` of the next start, together with the births of the series. */
  save(): SavedScrapers;
}

/** Prometheus' `--query.lookback-delta`: how far back it looks for the sample before an increase. */
const LOOKBACK_MS = 5 * 60_000;
/** HA pairs, agents and a few tests beside them; more than that is no set of scrapers. */
const MAX_SCRAPERS = 32;

interface Known {
  /**
   * Birth number up to which values are shown the next time: those series have been 0 once, or were too old for that.
   */
  readonly seen: number;
  readonly lastMs: number;
}

/**
 * Makes the first increment of a new series visible to `rate()`, which needs a sample before it: a counter or
 * histogram born since a scraper's last scrape is shown to that scraper as 0 once, then with its value
 * (https://github.com/prometheus/prometheus/issues/1853). Each scraper is remembered, so that scrapes never disturb
 * one another and both of an HA pair get the 0.
 *
 * A value that was shown is never taken back, not even by a kill -9 between two scrapes. So a scraper met for the first
 * time, which may be a Prometheus that restarted with its data but under a new address, gets 0 only for series that no
 * scraper has seen the value of; series older than the lookback are shown as they are, since nobody would take the 0
 * for the sample before; and what an answer will show counts as shown from its beginning, whether it arrives or not.
 */
export function createScrapers({
  clock,
  births,
  birth = 'zero',
  saved,
}: {
  readonly clock: Clock;
  /** As the store's, after what was saved has been restored. */
  readonly births: (bornBeforeMs?: number) => number;
  readonly birth?: Birth | undefined;
  /** What an earlier run's `save` gave, unchecked: what cannot be read is as if it had not been. */
  readonly saved?: unknown;
}): Scrapers {
  // Told at once there is nothing to remember, but what was remembered then is no longer true.
  const before = readSaved(birth === 'immediate' ? undefined : saved, births());
  /** In order of their last scrape. */
  const known = new Map<string, Known>(
    before.scrapers.map(({ id, seen, lastMs }) => {
      const ageMs = Math.max(0, clock.nowMs() - lastMs);
      return [id, { seen, lastMs: clock.elapsedMs() - ageMs }];
    }),
  );
  /** Birth of the youngest series whose value somebody may have seen. */
  let { shown } = before;

  const remember = (id: string, seen: number) => {
    const latest = Math.max(seen, known.get(id)?.seen ?? 0);
    known.delete(id);
    if (known.size < MAX_SCRAPERS) known.set(id, { seen: latest, lastMs: clock.elapsedMs() });
  };

  /**
   * Forgetting is safe: what was shown stays noted. Only one that stayed away goes, or many that come in turn would all
   * be strangers.
   */
  const hasRoom = () => {
    const [oldest] = known;
    if (oldest === undefined || known.size < MAX_SCRAPERS) return true;
    return clock.elapsedMs() - oldest[1].lastMs >= LOOKBACK_MS && known.delete(oldest[0]);
  };

  return {
    begin(scraper) {
      const id = idOf(scraper);
      const seen = known.get(id)?.seen;
      const upTo = births();
      if (birth === 'immediate') return { view: TRUE_VALUES, delivered() {} };
      if (seen === undefined && !hasRoom()) {
        shown = Math.max(shown, upTo);
        return { view: { afterBirth: upTo }, delivered() {} };
      }
      const afterBirth = Math.max(seen ?? shown, births(clock.elapsedMs() - LOOKBACK_MS));
      shown = Math.max(shown, afterBirth);
      remember(id, afterBirth);
      return { view: { afterBirth }, delivered: () => remember(id, upTo) };
    },
    save: () => ({
      // Told at once, everything in the cut is shown.
      shown: birth === 'immediate' ? births() : shown,
      scrapers: Array.from(known, ([id, { seen, lastMs }]) => ({
        ...{ id, seen },
        lastMs: Math.round(clock.nowMs() - (clock.elapsedMs() - lastMs)),
      })),
    }),
  };
}

/** Addresses and names of programs have no place in a file. */
function idOf({ address, userAgent }: Scraper): string {
  return createHash('sha256').update(`${address}\n${userAgent}`).digest('base64url').slice(0, 22);
}

function readSaved(saved: unknown, births: number): SavedScrapers {
  if (!isRecord(saved)) return { shown: 0, scrapers: [] };
  const toBirth = (value: unknown) => (isCount(value) ? Math.min(value, births) : 0);
  const scrapers = (Array.isArray(saved.scrapers) ? saved.scrapers : []).flatMap((entry: unknown) => {
    if (!isRecord(entry) || typeof entry.id !== 'string' || !isCount(entry.seen) || !isCount(entry.lastMs)) return [];
    return [{ id: entry.id, seen: toBirth(entry.seen), lastMs: entry.lastMs }];
  });
  return { shown: toBirth(saved.shown), scrapers: scrapers.slice(-MAX_SCRAPERS) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
