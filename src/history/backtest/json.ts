import type { Labels } from '../engine/labels.ts';
import type { FailedRule } from '../judge/recordings.ts';
import type { Total } from '../read/tally.ts';
import type { Backtest, Tuned } from './result.ts';

/** ISO 8601, UTC. */
type Time = string;

/** A backtest for programs: `backtest --json`. What is not known is null. Fields are only ever added to a version. */
export interface BacktestJson {
  readonly version: 1;
  /** What became of the lines: lines = events + filtered + rejected. */
  readonly logs: Total;
  /** What was judged; several where no log was for more than a week in between. */
  readonly periods: readonly { readonly start: Time; readonly end: Time }[];
  readonly rules: Backtest['rules'];
  /** In order of time. */
  readonly firings: readonly {
    readonly alert: string;
    readonly group: string;
    readonly severity: string;
    readonly summary: string | undefined;
    /** Of the series; the rule's own labels come on top. */
    readonly labels: Labels;
    /** The first evaluation that found it. */
    readonly pending: Time;
    /** When it would have been sent to Alertmanager. */
    readonly firing: Time;
    /** null: it fired when the period ended. */
    readonly resolved: Time | null;
    readonly firing_seconds: number | null;
    /** The value furthest beyond the threshold. */
    readonly peak: number;
  }[];
  /** Alerts that were judged and did not fire, closest first. */
  readonly quiet: readonly {
    readonly alert: string;
    readonly severity: string;
    /** Below 0.5: the value over twice the threshold; from 0.5 on: beyond the threshold, but not for long enough; 1 fires. */
    readonly closeness: number | null;
    readonly nearest_miss: { readonly what: string; readonly at: Time | null; readonly labels: Labels } | null;
  }[];
  readonly not_judged: Backtest['notJudged'];
  readonly failed_rules: readonly FailedRule[];
  /** With --pages-per-week only. */
  readonly thresholds: readonly ThresholdJson[] | null;
}

interface ThresholdJson extends Pick<Tuned, 'alert' | 'severity' | 'firings'> {
  /** As it is written: `> 0.05`. */
  readonly comparison: string | null;
  readonly suggested: { readonly threshold: number; readonly firings: number } | null;
  readonly why_not: string | null;
}

export function backtestJson(result: Backtest): BacktestJson {
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
      resolved: endMs === undefined ? null : iso(endMs),
      firing_seconds: endMs === undefined ? null : (endMs - firingMs) / 1000,
    })),
    quiet: quiet.map(({ missMs, closeness = null, miss, labels = {}, ...alert }) => ({
      ...alert,
      closeness,
      nearest_miss: miss === undefined ? null : { what: miss, at: missMs === undefined ? null : iso(missMs), labels },
    })),
    not_judged: notJudged,
    failed_rules: failed,
    thresholds: tuned?.map(thresholdJson) ?? null,
  };
}

function thresholdJson({ suggested, comparison, why, ...alert }: Tuned): ThresholdJson {
  return { ...alert, comparison: comparison ?? null, suggested: suggested ?? null, why_not: why ?? null };
}

function iso(ms: number): Time {
  return new Date(ms).toISOString();
}
