import type { PackContext } from '../alert.ts';
import { OWN_REFUSALS } from '../causes.ts';
import { increase, promql, type Query, quantileOverTime, selectors, sumWithout } from '../promql.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import type { RecordedName } from './recorded.ts';

export interface RecordingRule {
  readonly record: RecordedName;
  readonly expr: Query;
  /** Labels the rule sets itself, beside those of the expression. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Becomes a comment beside the rule. */
  readonly why: string;
}

/** The status codes that have spike alerts. */
export function alertedCodes(settings: MixinSettings): readonly string[] {
  return [...settings.spikeCodes.LLMApi503Spike, ...settings.spikeCodes.LLMApi504Spike];
}

/** Answers of an API. */
function answered(settings: MixinSettings, codes?: readonly string[]) {
  return selectors(settings.selector).counter('llm_requests_total', {
    ...(codes !== undefined && { code: { any: codes } }),
    cause: { none: OWN_REFUSALS },
  });
}

/**
 * Counts, ratios, usual level and shares by cause of the codes that have alerts. Each rule may use those before it:
 * Prometheus keeps the order within one group only, so the alerts on these belong to the same group.
 */
export function availabilityRecordings({ settings }: PackContext): readonly RecordingRule[] {
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.warning);
  const codes = alertedCodes(settings);
  const total = series.recorded('provider_model:llm_requests:increase5m');
  const ofCode = series.recorded('provider_model_code:llm_requests:increase5m');
  const byCause = increase(answered(settings, codes), window);
  return [
    {
      record: 'provider_model:llm_requests:increase5m',
      expr: byModel(settings, increase(answered(settings), window)),
      why: 'All answers of the API for a model, so none of our own throttle: the denominator of what follows.',
    },
    ...codes.map((code) => zeroFilled(settings, code)),
    {
      record: 'provider_model_code:llm_requests_per_requests:ratio_increase5m',
      expr: promql`${ofCode} / ignoring (code) group_left () (${total} > 0)`,
      why: 'Without traffic there is no ratio, rather than a good one.',
    },
    {
      record: 'provider_model_code:llm_requests_per_requests:p90_ratio_increase5m',
      expr: usualLevel(settings),
      why: "The model's own usual level. A high quantile is not moved by yesterday's outage.",
    },
    {
      record: 'provider_model_code_cause:llm_requests_per_requests:ratio_increase5m',
      expr: promql`${sumWithout(byCause, settings.dropLabels, ['stream'])}\n/ ignoring (cause) group_left ()\n(${ofCode} > 0)`,
      why: 'Share of each cause in the answers with one code: alert texts name the largest.',
    },
    ...criticalRecordings(settings),
  ];
}

/**
 * The same counts and ratio over the shorter window of the critical levels. Not filled with 0: no usual level is made
 * of these, and an alert on what is absent does not fire either.
 */
function criticalRecordings(settings: MixinSettings): readonly RecordingRule[] {
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.critical);
  const bad = increase(answered(settings, alertedCodes(settings)), window);
  const ofCode = series.recorded('provider_model_code:llm_requests:increase2m');
  const total = series.recorded('provider_model:llm_requests:increase2m');
  return [
    {
      record: 'provider_model:llm_requests:increase2m',
      expr: byModel(settings, increase(answered(settings), window)),
      why: 'The same over the window of the critical alerts, which must see an outage before the warnings are sent.',
    },
    {
      record: 'provider_model_code:llm_requests:increase2m',
      expr: sumWithout(bad, settings.dropLabels, ['cause', 'stream']),
      why: 'Answers with one code.',
    },
    {
      record: 'provider_model_code:llm_requests_per_requests:ratio_increase2m',
      expr: promql`${ofCode} / ignoring (code) group_left () (${total} > 0)`,
      why: 'Without traffic there is no ratio, rather than a good one.',
    },
  ];
}

function byModel(settings: MixinSettings, perSeries: Query<'provider' | 'model' | 'code' | 'cause' | 'stream'>) {
  return sumWithout(perSeries, settings.dropLabels, ['code', 'cause', 'stream']);
}

function zeroFilled(settings: MixinSettings, code: string): RecordingRule {
  const series = selectors(settings.selector);
  const bad = increase(answered(settings, [code]), scaled(settings, settings.windowSeconds.warning));
  const total = series.recorded('provider_model:llm_requests:increase5m');
  return {
    record: 'provider_model_code:llm_requests:increase5m',
    expr: promql`${byModel(settings, bad)}\nor\n${total} * 0`,
    labels: { code },
    why: `Answers with ${code}. 0, not absent, where there were none: a usual level over holes would know bad times only.`,
  };
}

function usualLevel(settings: MixinSettings): Query<'provider' | 'model' | 'code'> {
  const ratio = selectors('').recorded('provider_model_code:llm_requests_per_requests:ratio_increase5m');
  return quantileOverTime(ratio, {
    quantile: settings.baseline.quantile,
    range: scaled(settings, settings.baseline.rangeSeconds),
    offset: scaled(settings, settings.baseline.offsetSeconds),
  });
}
