import type { Engine, RangeSeries } from '../engine/engine.ts';
import { identity, type Labels, labelKey } from '../engine/labels.ts';
import type { Period } from '../engine/period.ts';
import { evaluations } from '../engine/period.ts';
import type { AlertingRule } from '../rules/rule-file.ts';
import { episodesOf } from './alert-states.ts';
import { findThreshold, isBeyond, type Threshold } from './threshold.ts';

/** The value that came closest to a threshold, at a moment when all other conditions of the alert held. */
export interface Closest {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
  /** 1 is at the threshold, more is beyond it. */
  readonly ratio: number;
}

/** What is known of the values behind an alert's comparison. */
export interface Tunable {
  readonly threshold: Threshold;
  readonly closest: Closest | undefined;
  /** How often it would have fired at another threshold. */
  firings(threshold: number): number;
  /** The lowest threshold (the highest, for `<`) at which it would have fired at most so often; undefined where there is none. */
  thresholdFor(mostFirings: number): number | undefined;
}

interface Compared {
  readonly labels: Labels;
  readonly range: ReturnType<typeof evaluations>;
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
  /** Active whatever the threshold. */
  readonly always: ReadonlySet<number>;
}

/**
 * Asks for the values that an alert compares. `active`: where it was active; the values must explain that exactly, else this answers with
 * the reason why they do not, since an expression may mean more than its text shows.
 */
export async function tune(
  engine: Engine,
  rule: AlertingRule,
  periods: readonly Period[],
  active: ReadonlyMap<Period, readonly RangeSeries[]>,
): Promise<Tunable | string> {
  const threshold = findThreshold(rule.expr);
  if (typeof threshold === 'string') return threshold;
  const compared: Compared[] = [];
  for (const period of periods) {
    const range = evaluations(period, rule.intervalMs);
    const values = await engine.queryRange(threshold.relaxed, range);
    const rest = threshold.rest === undefined ? [] : await engine.queryRange(threshold.rest, range);
    const always = new Map(rest.map(({ labels, timesMs }) => [labelKey(identity(labels)), new Set(timesMs)]));
    const here = values.map(({ labels, timesMs, values: own }): Compared => {
      const named = identity(labels);
      return { labels: named, range, timesMs, values: own, always: always.get(labelKey(named)) ?? new Set() };
    });
    if (!explains(here, active.get(period) ?? [], threshold))
      return 'what it fires at is not decided by its first comparison alone';
    compared.push(...here);
  }
  return createTunable(rule, threshold, compared);
}

function explains(compared: readonly Compared[], active: readonly RangeSeries[], threshold: Threshold): boolean {
  const seen = new Map(active.map(({ labels, timesMs }) => [labelKey(identity(labels)), new Set(timesMs)]));
  const known = new Set(compared.map(({ labels }) => labelKey(labels)));
  if ([...seen.keys()].some((key) => !known.has(key))) return false;
  return compared.every((series) => {
    const times = seen.get(labelKey(series.labels));
    const found = activeTimes(series, threshold.operator, threshold.value);
    return found.length === (times?.size ?? 0) && found.every((timeMs) => times?.has(timeMs));
  });
}

function activeTimes({ timesMs, values, always }: Compared, operator: Threshold['operator'], value: number): number[] {
  return timesMs.filter((timeMs, at) => isBeyond(values[at] ?? Number.NaN, operator, value) || always.has(timeMs));
}

function createTunable(rule: AlertingRule, threshold: Threshold, compared: readonly Compared[]): Tunable {
  const { operator } = threshold;
  const isUpward = operator.startsWith('>');
  const firings = (value: number) =>
    compared.reduce((sum, series) => {
      const timesMs = activeTimes(series, operator, value);
      const episodes = episodesOf({ timesMs, values: timesMs }, series.range, rule);
      return sum + episodes.filter(({ firingMs }) => firingMs !== undefined).length;
    }, 0);
  return {
    threshold,
    firings,
    closest: closestOf(compared, threshold),
    thresholdFor(mostFirings) {
      const values = [...new Set(compared.flatMap((series) => series.values))].filter(Number.isFinite);
      // From the mildest to the strictest threshold.
      values.sort((a, b) => (isUpward ? a - b : b - a));
      const at = firstWhere(values.length, (index) => firings(rounded(values[index] ?? 0, isUpward)) <= mostFirings);
      const value = values[at];
      return value === undefined ? undefined : rounded(value, isUpward);
    },
  };
}

function closestOf(compared: readonly Compared[], { operator, value: threshold }: Threshold): Closest | undefined {
  let closest: Closest | undefined;
  for (const { labels, timesMs, values } of compared) {
    for (const [at, value] of values.entries()) {
      const ratio = operator.startsWith('>') ? value / threshold : threshold / value;
      if (!Number.isFinite(ratio) || ratio <= (closest?.ratio ?? 0)) continue;
      closest = { labels, timeMs: timesMs[at] ?? 0, value, ratio };
    }
  }
  return closest;
}

/** By halves: a stricter threshold fires less often, but for the rare case that one long firing falls apart. */
function firstWhere(count: number, isSo: (index: number) => boolean): number {
  let start = 0;
  let end = count;
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (isSo(middle)) end = middle;
    else start = middle + 1;
  }
  return start;
}

/** Two digits, away from what would have fired: a threshold is for people. */
function rounded(value: number, isUpward: boolean): number {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  const steps = isUpward ? Math.ceil(value / unit) : Math.floor(value / unit);
  return Number((steps * unit).toPrecision(2));
}
