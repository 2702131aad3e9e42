import type { Labels } from '../engine/labels.ts';
import type { Period } from '../engine/period.ts';
import type { AlertEpisode } from '../judge/alert-states.ts';
import type { Judged, Judgement } from '../judge/judge.ts';
import type { FailedRule } from '../judge/recordings.ts';
import type { Total } from '../read/tally.ts';
import type { AlertingRule } from '../rules/rule-file.ts';

/** One page, mail or message that would have gone out, were it not for what only Alertmanager knows. */
export interface Firing {
  readonly alert: string;
  readonly group: string;
  readonly severity: string;
  readonly summary: string | undefined;
  /** Of the series; the rule's own labels come on top. */
  readonly labels: Labels;
  readonly pendingMs: number;
  readonly firingMs: number;
  /** Undefined: it fired when the past ended. */
  readonly endMs: number | undefined;
  readonly peak: number;
}

/** An alert that was judged and did not fire, with what came closest. */
export interface Quiet {
  readonly alert: string;
  readonly severity: string;
  /** 1 would have fired; undefined where nothing can be said. */
  readonly closeness: number | undefined;
  /** For people: `pending for 90 s of 120 s`. */
  readonly miss: string | undefined;
  readonly missMs: number | undefined;
  readonly labels: Labels | undefined;
}

/** The threshold of an alert, and the one that would have fired as often as it was wished. */
export interface Tuned {
  readonly alert: string;
  readonly severity: string;
  /** As it is written: `> 0.05`. */
  readonly comparison: string | undefined;
  readonly firings: number;
  readonly suggested: { readonly threshold: number; readonly firings: number } | undefined;
  /** Why there is no other threshold. */
  readonly why: string | undefined;
}

/** Traffic around one moment. */
export interface TrafficPoint {
  readonly timeMs: number;
  readonly requests: number;
  /** Those with a cause. */
  readonly failed: number;
}

export interface Backtest {
  readonly total: Total;
  readonly periods: readonly Period[];
  readonly intervalMs: number;
  readonly rules: { readonly file: string; readonly recordings: number; readonly alerts: number };
  /** In order of time. */
  readonly firings: readonly Firing[];
  /** Closest first. */
  readonly quiet: readonly Quiet[];
  readonly notJudged: readonly { readonly alert: string; readonly severity: string; readonly reason: string }[];
  /** Recording rules that could not be computed. */
  readonly failed: readonly FailedRule[];
  /** For a picture: a few hundred points over all. */
  readonly traffic: readonly TrafficPoint[];
  readonly pagesPerWeek: number | undefined;
  /** Only where a number of pages was wished. */
  readonly tuned: readonly Tuned[] | undefined;
}

export function severityOf({ labels }: AlertingRule): string {
  return labels.severity ?? 'none';
}

export function firingsOf(judgements: readonly Judgement[]): readonly Firing[] {
  const firings = judgements.flatMap((judgement): Firing[] => {
    if (!('episodes' in judgement)) return [];
    const { rule, episodes } = judgement;
    return episodes.flatMap(({ firingMs, ...episode }) => {
      const { alert, group, summary } = rule;
      return firingMs === undefined
        ? []
        : [{ alert, group, severity: severityOf(rule), summary, firingMs, ...episode }];
    });
  });
  return firings.sort((a, b) => a.pendingMs - b.pendingMs || a.firingMs - b.firingMs);
}

export function quietOf(judgements: readonly Judgement[]): readonly Quiet[] {
  const quiet = judgements.flatMap((judgement): Quiet[] => {
    if (!('episodes' in judgement) || judgement.episodes.some(({ firingMs }) => firingMs !== undefined)) return [];
    const { rule } = judgement;
    return [{ alert: rule.alert, severity: severityOf(rule), ...(pendingMiss(judgement) ?? valueMiss(judgement)) }];
  });
  return quiet.sort((a, b) => (b.closeness ?? -1) - (a.closeness ?? -1));
}

type Miss = Pick<Quiet, 'closeness' | 'miss' | 'missMs' | 'labels'>;

/** Beyond the threshold, but not for long enough: closer than any value that was not. */
function pendingMiss({ rule, episodes }: Judged): Miss | undefined {
  let longest: AlertEpisode | undefined;
  const lasted = ({ pendingMs, endMs = pendingMs }: AlertEpisode) => endMs - pendingMs;
  for (const episode of episodes) if (longest === undefined || lasted(episode) > lasted(longest)) longest = episode;
  if (longest === undefined) return undefined;
  const heldMs = Math.max(0, lasted(longest) - rule.intervalMs);
  return {
    closeness: 1 - 0.5 * (1 - heldMs / Math.max(rule.forMs, 1)),
    miss: `pending for ${heldMs / 1000} s of ${rule.forMs / 1000} s`,
    missMs: longest.pendingMs,
    labels: longest.labels,
  };
}

function valueMiss({ tunable }: Judged): Miss {
  if (typeof tunable === 'string' || tunable.closest === undefined) {
    return { closeness: undefined, miss: undefined, missMs: undefined, labels: undefined };
  }
  const { value, ratio, timeMs, labels } = tunable.closest;
  const miss = `${Number(value.toPrecision(3))} where it takes ${tunable.threshold.text}`;
  return { closeness: 0.5 * Math.min(1, Math.max(0, ratio)), miss, missMs: timeMs, labels };
}

export function tunedOf(judgements: readonly Judgement[], mostFirings: number): readonly Tuned[] {
  return judgements.flatMap((judgement): Tuned[] => {
    if (!('episodes' in judgement)) return [];
    const { rule, episodes, tunable } = judgement;
    const firings = episodes.filter(({ firingMs }) => firingMs !== undefined).length;
    const about = { alert: rule.alert, severity: severityOf(rule), firings };
    if (typeof tunable === 'string') return [{ ...about, comparison: undefined, suggested: undefined, why: tunable }];
    const comparison = tunable.threshold.text;
    const threshold = tunable.thresholdFor(mostFirings);
    if (threshold === undefined) {
      const why =
        tunable.closest === undefined
          ? 'its other conditions never held'
          : 'its other conditions fire more often by themselves';
      return [{ ...about, comparison, suggested: undefined, why }];
    }
    return [{ ...about, comparison, suggested: { threshold, firings: tunable.firings(threshold) }, why: undefined }];
  });
}
