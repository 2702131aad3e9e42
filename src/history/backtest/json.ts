import type { Backtest } from './result.ts';

/** The result for programs. Times are ISO 8601; what is not known is null. Fields are only ever added. */
export function backtestJson(result: Backtest): Readonly<Record<string, unknown>> {
  const { total, periods, rules, firings, quiet, notJudged, failed, tuned } = result;
  return {
    version: 1,
    logs: total,
    periods: periods.map(({ startMs, endMs }) => ({ start: iso(startMs), end: iso(endMs) })),
    rules,
    firings: firings.map(({ pendingMs, firingMs, endMs, ...firing }) => ({
      ...firing,
      pending: iso(pendingMs),
      firing: iso(firingMs),
      resolved: iso(endMs),
      firing_seconds: endMs === undefined ? null : (endMs - firingMs) / 1000,
    })),
    quiet: quiet.map(({ missMs, closeness, miss, labels, ...alert }) => ({
      ...alert,
      closeness: closeness ?? null,
      nearest_miss: miss === undefined ? null : { what: miss, at: iso(missMs), labels },
    })),
    not_judged: notJudged,
    failed_rules: failed,
    thresholds: tuned?.map(({ suggested, comparison, why, ...alert }) => ({
      ...alert,
      comparison: comparison ?? null,
      suggested: suggested ?? null,
      why_not: why ?? null,
    })),
  };
}

function iso(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
