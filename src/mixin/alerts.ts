import type { Catalogue } from '../classify/catalogue.ts';
import { causesWithCodes } from './causes.ts';
import { type SpikeFacts, spikeTemplate, type TargetFacts, targetTemplate } from './facts.ts';
import { lastOverTime, promql, type Query, selectors, TARGET_LABELS } from './promql.ts';
import { SPIKE_SERIES } from './recorded.ts';
import { type MixinSettings, type Severity, type Spike, type SpikeSeverity, scaled } from './settings.ts';

/** Every alert of the pack; its runbook is `<name>.md`. A name says what is wrong, and one name is one condition. */
export const ALERT_NAMES = [
  'LLMApi503Spike',
  'LLMApi503SpikeSevere',
  'LLMApi504Spike',
  'LLMExporterTargetDown',
] as const;
export type AlertName = (typeof ALERT_NAMES)[number];

export type Component = 'llm-api' | 'llm-exporter';
export type Signal = 'availability' | 'pipeline';

export interface Annotations {
  /** One static sentence: the headline of a group of alerts. */
  readonly summary: string;
  readonly description: string;
  /** The most frequent cause. An annotation, not a label: a cause that changes must not make a new alert of it. */
  readonly cause?: string;
  readonly advice: string;
  readonly runbook_url: string;
  readonly dashboard_url: string;
}

/** One alerting rule. An alert with several severities is several rules of one name. */
export interface AlertRule {
  readonly alert: AlertName;
  readonly expr: Query;
  readonly forSeconds: number;
  readonly keepFiringSeconds?: number;
  readonly labels: { readonly severity: Severity; readonly component: Component; readonly signal: Signal };
  readonly annotations: Annotations;
  /** Its thresholds and their meaning in words; becomes a comment beside the rule. */
  readonly why: string;
}

/** Alerts on what the API answers. They read the series of `availabilityRecordings`, whose group they share. */
export function availabilityAlerts(settings: MixinSettings, causes: Catalogue['causes']): readonly AlertRule[] {
  const { spike503, spike504 } = settings;
  return [
    spikeAlert(settings, causes, { alert: 'LLMApi503Spike', severity: 'warning', spike: spike503 }),
    spikeAlert(settings, causes, { alert: 'LLMApi503SpikeSevere', severity: 'critical', spike: spike503 }),
    spikeAlert(settings, causes, { alert: 'LLMApi504Spike', severity: 'warning', spike: spike504 }),
    spikeAlert(settings, causes, { alert: 'LLMApi504Spike', severity: 'critical', spike: spike504 }),
  ];
}

/** Alerts on the exporter itself. */
export function exporterAlerts(settings: MixinSettings): readonly AlertRule[] {
  const { forSeconds, rememberSeconds } = settings.targetDown;
  const series = selectors(settings.selector);
  const memory = scaled(settings, rememberSeconds);
  const once = series.gauge('llm_exporter_build_info');
  return [
    {
      alert: 'LLMExporterTargetDown',
      // The join finds our targets under any job name, and none that never was an exporter of ours.
      expr: promql`${series.up()} == 0\nand on (${TARGET_LABELS.join(', ')})\n${lastOverTime(once, memory)}`,
      forSeconds,
      labels: { severity: 'warning', component: 'llm-exporter', signal: 'pipeline' },
      annotations: targetAnnotations(settings, targetTemplate),
      why: `Any target that was an llm-exporter within the last ${memory}; a rolling deploy is over before \`for\` is.`,
    },
  ];
}

interface SpikeAlert {
  readonly alert: AlertName;
  readonly severity: SpikeSeverity;
  readonly spike: Spike;
}

function spikeAlert(
  settings: MixinSettings,
  causes: Catalogue['causes'],
  { alert, severity, spike }: SpikeAlert,
): AlertRule {
  const level = spike[severity];
  return {
    alert,
    expr: spikeExpression(settings, spike, severity),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    labels: { severity, component: 'llm-api', signal: 'availability' },
    annotations: spikeAnnotations(
      settings,
      { alert, severity },
      spikeTemplate(settings, causesWithCodes(causes, spike.codes)),
    ),
    why: describeLevel(settings, spike, severity),
  };
}

/** The value of the result is the ratio; the guards only let it through. */
function spikeExpression(
  settings: MixinSettings,
  spike: Spike,
  severity: SpikeSeverity,
): Query<'provider' | 'model' | 'code'> {
  const level = spike[severity];
  const names = SPIKE_SERIES[severity];
  const series = selectors('');
  const code = { any: spike.codes };
  const model = { none: neverAt(settings, severity) };
  const ratio = series.recorded(names.ratio, { code, model });
  const usual = series.recorded('provider_model_code:llm_requests_per_requests:p90_ratio_increase5m', { code });
  const bad = series.recorded(names.bad, { code });
  const total = series.recorded(names.total);
  const above = promql`${ratio} > ${level.ratio}`;
  const { baseline } = level;
  const condition =
    baseline === undefined
      ? above
      : promql`(\n  ${above}\n  or\n  (${ratio} > ${baseline.floor} and ${ratio} > ${baseline.factor} * ${usual})\n)`;
  return promql`${condition}\nand ${bad} >= ${level.minBad}\nand ignoring (code) ${total} >= ${level.minTotal}`;
}

/** Models that a level leaves out. */
function neverAt(settings: MixinSettings, severity: SpikeSeverity): readonly string[] {
  return severity === 'critical' ? settings.neverCriticalModels : [];
}

/** A level in words, for comments and runbooks. */
export function describeLevel(settings: MixinSettings, spike: Spike, severity: SpikeSeverity): string {
  const { ratio, minBad, minTotal, baseline } = spike[severity];
  const window = scaled(settings, settings.windowSeconds[severity]);
  const never = neverAt(settings, severity).map((model) => ` Never for model "${model}".`);
  const relative =
    baseline === undefined
      ? ''
      : `, or above ${percent(baseline.floor)} and ${baseline.factor} times the model's own usual level`;
  return `Above ${percent(ratio)} of the answers of ${window}${relative}; at least ${minBad} bad ones among at least ${minTotal}.${never.join('')}`;
}

export function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(6))} %`;
}

const SPIKE_SUMMARIES: Readonly<Partial<Record<AlertName, string>>> = {
  LLMApi503Spike: 'An LLM API answers 503 (service unavailable) unusually often.',
  LLMApi503SpikeSevere: 'An LLM API answers a large part of its requests with 503 (service unavailable).',
  LLMApi504Spike: 'An LLM API answers 504 (gateway timeout) unusually often.',
};

/** The texts of a spike: in the rules the facts are template actions, in the rules' tests the values expected. */
export function spikeAnnotations(
  settings: MixinSettings,
  { alert, severity }: Pick<SpikeAlert, 'alert' | 'severity'>,
  facts: SpikeFacts,
): Annotations {
  const { warning, [severity]: own } = settings.windowSeconds;
  return {
    summary: SPIKE_SUMMARIES[alert] ?? '',
    description:
      `${facts.ratio} of the answers of ${facts.provider} for model ${facts.model} were ${facts.code} ` +
      `over the last ${scaled(settings, own)} (usual level: ${facts.usual}). ` +
      `Top cause in ${scaled(settings, warning)}: ${facts.cause}, ${facts.causeShare} of them.${facts.where}`,
    cause: facts.cause,
    advice: facts.advice,
    runbook_url: `${settings.runbookBaseUrl}/${alert}.md`,
    dashboard_url: `${settings.grafanaUrl}/d/llm-provider?${facts.query}`,
  };
}

export function targetAnnotations(settings: MixinSettings, facts: TargetFacts): Annotations {
  const alert: AlertName = 'LLMExporterTargetDown';
  return {
    summary: 'An llm-exporter cannot be scraped.',
    description:
      `Prometheus has had no answer from ${facts.instance} of job ${facts.job} for ` +
      `${scaled(settings, settings.targetDown.forSeconds)}: LLM errors behind it are not seen.`,
    advice: 'See whether the process runs and its address is reachable from Prometheus.',
    runbook_url: `${settings.runbookBaseUrl}/${alert}.md`,
    dashboard_url: `${settings.grafanaUrl}/d/llm-overview?${facts.query}`,
  };
}
