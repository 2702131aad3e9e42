import { families } from '../../metrics/families.ts';
import { renderRules } from '../../mixin/pack.ts';
import { defaultSettings } from '../../mixin/settings/settings.ts';
import { ProblemError } from '../../problem.ts';
import { readYaml, readYamlFile } from '../../yaml-source.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import { createLoader, type Loader } from '../engine/load.ts';
import type { Period } from '../engine/period.ts';
import { ALERTS } from '../judge/alerts-series.ts';
import { judgeAlerts } from '../judge/judge.ts';
import { recordAll } from '../judge/recordings.ts';
import { openPast, type Past, type PastOptions, requireEvents } from '../past.ts';
import { isOfTraffic } from '../replay/chunk.ts';
import { replay } from '../replay/replay.ts';
import { type RuleFile, readRules } from '../rules/rule-file.ts';
import { type Backtest, firingsOf, quietOf, type TrafficPoint, tunedOf } from './result.ts';

export interface BacktestOptions extends PastOptions {
  /** Any rule file of Prometheus; by default the pack. */
  readonly rulesFile?: string | undefined;
  /** What is judged; the logs before it are read, too, as rules look back. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Asks for the thresholds that would have fired so often. */
  readonly pagesPerWeek?: number | undefined;
  /** Labels that a scrape would have given: the rules may ask for a job. */
  readonly labels: Readonly<Record<string, string>>;
  /** Told what is being done. */
  readonly onStage?: ((what: string) => void) | undefined;
}

const REQUESTS = 'llm_requests_total';
/** The scrape interval of the past. */
const INTERVAL_MS = 30_000;
const WEEK_MS = 7 * 86_400_000;

/** Judges every alert of a rule file at every evaluation of the past, by a real Prometheus. Throws a ProblemError. */
export async function backtest(options: BacktestOptions): Promise<Backtest> {
  const past = await openPast(options);
  const { file, rules } = readRuleFile(options.rulesFile, past);
  const engine = await startEngine(options.signal);
  try {
    const wanted = new Set([REQUESTS, ...[...rules.recordings, ...rules.alerts].flatMap(({ reads }) => reads)]);
    const loader = createLoader({ engine, intervalMs: INTERVAL_MS, labels: options.labels, wanted });
    const recorded = await load(past, loader, options);
    const periods = clipped(recorded, options);
    const { judgements, failed } = await judgeAll({ engine, rules, recorded, periods, options });
    const weeks = periods.reduce((sum, { startMs, endMs }) => sum + (endMs - startMs) / WEEK_MS, 0);
    const { pagesPerWeek } = options;
    return {
      total: past.total(),
      periods,
      intervalMs: INTERVAL_MS,
      rules: { file, recordings: rules.recordings.length, alerts: rules.alerts.length },
      firings: firingsOf(judgements),
      quiet: quietOf(judgements),
      notJudged: judgements.flatMap((one) =>
        'reason' in one
          ? [{ alert: one.rule.alert, severity: one.rule.labels.severity ?? 'none', reason: one.reason }]
          : [],
      ),
      failed,
      traffic: await trafficOver(engine, periods),
      pagesPerWeek,
      tuned: pagesPerWeek === undefined ? undefined : tunedOf(judgements, Math.round(pagesPerWeek * weeks)),
    };
  } finally {
    await engine.stop();
  }
}

function readRuleFile(path: string | undefined, { config }: Past): { readonly file: string; readonly rules: RuleFile } {
  const source =
    path === undefined
      ? readYaml(renderRules({ ...config.alerts, timeScale: defaultSettings.timeScale, profile: 'prometheus' }), {
          file: 'the alert pack',
          prefix: 'rules',
        })
      : readYamlFile(path, 'rules');
  const rules = readRules(source);
  if (rules.alerts.length > 0) return { file: source.file, rules };
  throw new ProblemError([{ code: 'rules.no_alert', file: source.file, message: 'there is no alerting rule in it' }]);
}

async function load(
  past: Past,
  loader: Loader,
  { toMs = Number.POSITIVE_INFINITY }: BacktestOptions,
): Promise<readonly Period[]> {
  async function* untilEnd() {
    for await (const batch of past.events()) {
      const wanted = batch.filter(({ timeMs }) => timeMs <= toMs);
      if (wanted.length > 0) yield wanted;
      if (wanted.length < batch.length) return;
    }
  }
  const { catalogue, settings, config } = past;
  await replay(untilEnd(), {
    ...{ catalogue, settings, sink: loader, intervalMs: INTERVAL_MS },
    seriesLimit: config.limits.series,
  });
  const { periods } = await loader.finish();
  requireEvents(past.total());
  return periods;
}

function clipped(periods: readonly Period[], { fromMs, toMs }: BacktestOptions): readonly Period[] {
  const inside = periods
    .map(({ startMs, endMs }) => ({
      startMs: Math.max(startMs, fromMs ?? startMs),
      endMs: Math.min(endMs, toMs ?? endMs),
    }))
    .filter(({ startMs, endMs }) => startMs <= endMs);
  if (inside.length > 0) return inside;
  throw new ProblemError([{ code: 'history.nothing', message: 'these logs hold no request between --from and --to' }]);
}

async function judgeAll({
  engine,
  rules,
  recorded,
  periods,
  options,
}: {
  readonly engine: Engine;
  readonly rules: RuleFile;
  /** All that there is: rules look back from what is judged. */
  readonly recorded: readonly Period[];
  readonly periods: readonly Period[];
  readonly options: BacktestOptions;
}) {
  const { onStage = () => {}, pagesPerWeek } = options;
  const failed = await recordAll({
    ...{ engine, rules: rules.recordings },
    periods: recorded,
    onRule: ({ record }, at) => onStage(`rule ${at + 1} of ${rules.recordings.length}: ${record}`),
  });
  const canBeTold = createTeller(rules);
  const judgements = await judgeAlerts(rules.alerts, {
    ...{ engine, periods, canBeTold, tuneAll: pagesPerWeek !== undefined },
    onRule: ({ alert }, at) => onStage(`alert ${at + 1} of ${rules.alerts.length}: ${alert}`),
  });
  return { judgements, failed };
}

/** Points of the picture: some three pixels each. */
const TRAFFIC_POINTS = 300;

async function trafficOver(engine: Engine, periods: readonly Period[]): Promise<readonly TrafficPoint[]> {
  const wholeMs = periods.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const stepMs = Math.max(1, Math.ceil(wholeMs / TRAFFIC_POINTS / INTERVAL_MS)) * INTERVAL_MS;
  const points: TrafficPoint[] = [];
  for (const { startMs, endMs } of periods) {
    const range = { startMs: startMs + stepMs, endMs, stepMs };
    // Two samples make an increase, so a step is looked at with the sample before it.
    const count = async (matchers: string) => {
      const window = `${(stepMs + INTERVAL_MS) / 1000}s`;
      const [sum] = await engine.queryRange(`sum(increase(${REQUESTS}${matchers}[${window}]))`, range);
      return new Map(sum?.timesMs.map((timeMs, at) => [timeMs, sum.values[at] ?? 0]));
    };
    const requests = await count('');
    const failed = await count('{cause!="none"}');
    for (const [timeMs, all] of requests) points.push({ timeMs, requests: all, failed: failed.get(timeMs) ?? 0 });
  }
  return points;
}

/** Whether logs can tell of a metric, by themselves or through recording rules. */
function createTeller({ recordings }: RuleFile): (metric: string) => boolean {
  const told = new Set<string>([
    ALERTS,
    ...Object.entries(families)
      // Safe: the keys of the table are its names.
      .filter(([name, family]) => isOfTraffic(name as keyof typeof families, family) && !ONLY_LIVE.has(name))
      .flatMap(([name]) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]),
  ]);
  for (let before = -1; before < told.size; ) {
    before = told.size;
    for (const { record, reads } of recordings) if (reads.every((name) => told.has(name))) told.add(record);
  }
  return (metric) => told.has(metric);
}

/** What the proxy alone knows: logs do not tell tries apart, and nobody waits in them. */
const ONLY_LIVE: ReadonlySet<string> = new Set([
  'llm_attempts_total',
  'llm_retries_total',
  'llm_queue_wait_seconds',
  'llm_queue_rejected_total',
]);
