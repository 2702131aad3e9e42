import { type Engine, EngineError, type RangeSeries } from '../engine/engine.ts';
import { identity } from '../engine/labels.ts';
import type { Period } from '../engine/period.ts';
import { evaluations } from '../engine/period.ts';
import type { AlertingRule } from '../rules/rule-file.ts';
import { type AlertEpisode, episodesOf } from './alert-states.ts';
import { ALERTS, alertsSeries } from './alerts-series.ts';
import { findThreshold } from './threshold.ts';
import { type Tunable, tune } from './tuning.ts';

/** What the past says of one alert. */
export type Judgement = Judged | NotJudged;

export interface Judged {
  readonly rule: AlertingRule;
  /** In order of time. */
  readonly episodes: readonly AlertEpisode[];
  /** What is known of its threshold, or why nothing is. */
  readonly tunable: Tunable | string;
}

export interface NotJudged {
  readonly rule: AlertingRule;
  readonly reason: string;
}

export interface JudgeOptions {
  readonly engine: Engine;
  readonly periods: readonly Period[];
  /** Whether logs can tell of a metric: then that it has no series means that nothing happened. */
  readonly canBeTold: (metric: string) => boolean;
  /** Whether the values behind thresholds are asked for, of alerts that fired too. */
  readonly tuneAll: boolean;
}

/** Judges all alerts, in their order; last those that hold back where another one fires, as they read what the others came to. */
export async function judgeAlerts(
  rules: readonly AlertingRule[],
  { onRule, ...options }: JudgeOptions & { readonly onRule: (rule: AlertingRule, at: number) => void },
): Promise<readonly Judgement[]> {
  const isLast = ({ reads }: AlertingRule) => reads.includes(ALERTS);
  const judgements: Judgement[] = [];
  const { engine, periods } = options;
  for (const [at, rule] of [...rules.filter((one) => !isLast(one)), ...rules.filter(isLast)].entries()) {
    onRule(rule, at);
    const judgement = await judgeAlert(rule, options);
    judgements.push(judgement);
    if (!('episodes' in judgement) || !rules.some(isLast)) continue;
    await record(engine, judgement, periods);
  }
  return judgements;
}

async function record(engine: Engine, { rule, episodes }: Judged, periods: readonly Period[]): Promise<void> {
  for (const period of periods) {
    const here = episodes.filter(({ pendingMs }) => pendingMs >= period.startMs && pendingMs <= period.endMs);
    const series = alertsSeries(rule, here, evaluations(period, rule.intervalMs));
    try {
      if (series.length > 0) await engine.write(series);
    } catch (error) {
      // Two alerts of one name and the same labels: Prometheus drops what the second one writes, too.
      if (!(error instanceof EngineError)) throw error;
    }
  }
}

/** Judges one alert at every evaluation of the past. */
async function judgeAlert(rule: AlertingRule, options: JudgeOptions): Promise<Judgement> {
  const { engine, periods, tuneAll } = options;
  const missing = rule.reads.filter((name) => !engine.names.has(name) && !options.canBeTold(name));
  const needs = `no series of ${missing.join(', ')}: that needs live metrics`;
  if (missing.length > 0 && missing.length === rule.reads.length) return { rule, reason: needs };
  try {
    const active = new Map<Period, readonly RangeSeries[]>();
    for (const period of periods)
      active.set(period, await engine.queryRange(rule.expr, evaluations(period, rule.intervalMs)));
    const episodes = [...active].flatMap(([period, series]) => episodesIn(period, series, rule));
    // Where it was active in spite of what is missing, it can be judged without that.
    if (missing.length > 0 && episodes.length === 0) return { rule, reason: needs };
    const hasFired = episodes.some(({ firingMs }) => firingMs !== undefined);
    const tunable = hasFired && !tuneAll ? 'not asked for' : await tune(engine, rule, periods, active);
    return { rule, episodes: episodes.sort((a, b) => a.pendingMs - b.pendingMs), tunable };
  } catch (error) {
    if (error instanceof EngineError) return { rule, reason: error.message };
    throw error;
  }
}

function episodesIn(period: Period, series: readonly RangeSeries[], rule: AlertingRule): readonly AlertEpisode[] {
  const threshold = findThreshold(rule.expr);
  const isDownward = typeof threshold === 'object' && threshold.operator.startsWith('<');
  const range = evaluations(period, rule.intervalMs);
  return series.flatMap((one) =>
    episodesOf(one, range, { ...rule, worse: isDownward ? Math.min : Math.max }).map((episode) => ({
      ...episode,
      labels: identity(one.labels),
    })),
  );
}
