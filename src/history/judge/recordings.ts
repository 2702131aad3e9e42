import type { Engine, RangeSeries } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import { evaluations, type Period } from '../engine/period.ts';
import { STALE, type WrittenSeries } from '../engine/remote-write.ts';
import { orderRules } from '../rules/order.ts';
import type { RecordingRule } from '../rules/rule-file.ts';
import { ALERTS } from './alerts-series.ts';
import { longWindow } from './long-window.ts';

/** What a rule could not be computed for. */
export interface FailedRule {
  readonly rule: string;
  readonly group: string;
  readonly reason: string;
}

/** Samples of one write. */
const MAX_WRITE_SAMPLES = 200_000;

export interface RecordOptions {
  readonly engine: Engine;
  readonly rules: readonly RecordingRule[];
  readonly periods: readonly Period[];
  readonly onRule: (rule: RecordingRule, at: number) => void;
}

/**
 * Computes recording rules for the whole past, level by level, and writes what comes of each back, so that the next can read it. promtool's
 * own backfill of rules cannot do that: it writes blocks that the rules after it do not see (Prometheus, docs/storage.md, limitations).
 */
export async function recordAll({ engine, rules, periods, onRule }: RecordOptions): Promise<readonly FailedRule[]> {
  const { levels, circular } = orderRules(rules.filter(({ reads }) => !reads.includes(ALERTS)));
  const failed = circular.map(({ record, group }) => ({ rule: record, group, reason: 'it reads itself' }));
  for (const { record, group, reads } of rules) {
    if (reads.includes(ALERTS)) failed.push({ rule: record, group, reason: 'alerts are judged after it' });
  }
  for (const [at, rule] of levels.flat().entries()) {
    onRule(rule, at);
    try {
      for (const period of periods) await recordOne({ engine, rule, rules, period });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      failed.push({ rule: rule.record, group: rule.group, reason: error.message });
    }
  }
  return failed;
}

async function recordOne({
  engine,
  rule,
  rules,
  period,
}: Pick<RecordOptions, 'engine' | 'rules'> & {
  readonly rule: RecordingRule;
  readonly period: Period;
}): Promise<void> {
  const range = evaluations(period, rule.intervalMs);
  const results = (await longWindow(engine, rule, { range, rules })) ?? (await engine.queryRange(rule.expr, range));
  let batch: WrittenSeries[] = [];
  let samples = 0;
  for (const series of results) {
    batch.push(recorded(series, rule, range.endMs));
    samples += series.timesMs.length;
    if (samples < MAX_WRITE_SAMPLES) continue;
    await engine.write(batch);
    batch = [];
    samples = 0;
  }
  if (batch.length > 0) await engine.write(batch);
}

/** With the end marked where there is nothing at a step, as the rule manager does. */
function recorded({ labels, timesMs, values }: RangeSeries, rule: RecordingRule, endMs: number): WrittenSeries {
  const { intervalMs, record } = rule;
  const times: number[] = [];
  const marked: (number | typeof STALE)[] = [];
  for (const [at, timeMs] of timesMs.entries()) {
    times.push(timeMs);
    marked.push(values[at] ?? 0);
    const nextMs = timeMs + intervalMs;
    if (nextMs > endMs || timesMs[at + 1] === nextMs) continue;
    times.push(nextMs);
    marked.push(STALE);
  }
  const all = Object.entries({ ...labels, ...rule.labels, __name__: record }).filter(([, value]) => value !== '');
  return { labels: Object.fromEntries(all), timesMs: times, values: marked };
}
