import type { AlertEntry, AlertRule, AlertTexts, PackContext } from '../alert.ts';
import { causesWithCodes } from '../causes.ts';
import type { CauseSource, Facts } from '../facts.ts';
import { promql, type Query, selectors } from '../promql.ts';
import { SPIKE_SERIES } from '../recording/recorded.ts';
import { spikeTests } from '../rule-tests/spike-tests.ts';
import { spikePages } from '../runbooks/spike.ts';
import { type MixinSettings, type SpikeSeverity, scaled } from '../settings/settings.ts';
import {
  codesOf,
  describeLevel,
  levelsOf,
  neverAt,
  SPIKE_ALERTS,
  type SpikeAlert,
  type SpikeLevel,
} from '../settings/spike-levels.ts';

/** Spikes of 503 and 504, each by model and code. They read the series of `availabilityRecordings`, whose group they share. */
export function spikeAlerts(context: PackContext): readonly AlertEntry[] {
  const pages = spikePages(context);
  return SPIKE_ALERTS.map((name) => {
    const rules = levelsOf(context.settings, name).map(([severity, level]) =>
      spikeRule(context, { name, severity, level }),
    );
    return { name, rules, runbook: pages[name], tests: spikeTests(context, name, rules) };
  });
}

export interface SpikeRule {
  readonly name: SpikeAlert;
  readonly severity: SpikeSeverity;
  readonly level: SpikeLevel;
}

function spikeRule(context: PackContext, spike: SpikeRule): AlertRule {
  const { settings } = context;
  const { name, severity, level } = spike;
  return {
    alert: name,
    severity,
    component: 'llm-api',
    signal: 'availability',
    expr: spikeExpression(settings, spike),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => spikeTexts(context, spike, facts),
    why: describeLevel(settings, severity, level),
  };
}

/** The value of the result is the share; the guards only let it through. */
export function spikeExpression(
  settings: MixinSettings,
  { name, severity, level }: SpikeRule,
): Query<'provider' | 'model' | 'code'> {
  const names = SPIKE_SERIES[severity];
  const series = selectors('');
  const code = { any: codesOf(settings, name) };
  const model = { none: neverAt(settings, severity) };
  const ratio = series.recorded(names.ratio, { code, model });
  const usual = series.recorded('provider_model_code:llm_requests_per_requests:p90_ratio_increase5m', { code });
  const bad = series.recorded(names.bad, { code });
  const total = series.recorded(names.total);
  const above = promql`${ratio} > ${level.share}`;
  const { baselineFloor, baselineFactor } = level;
  const condition =
    baselineFloor === undefined || baselineFactor === undefined
      ? above
      : promql`(\n  ${above}\n  or\n  (${ratio} > ${baselineFloor} and ${ratio} > ${baselineFactor} * ${usual})\n)`;
  return promql`${condition}\nand ${bad} >= ${level.minBad}\nand ignoring (code) ${total} >= ${level.minTotal}`;
}

const SUMMARIES: Readonly<Record<SpikeAlert, string>> = {
  LLMApi503Spike: 'An LLM API answers 503 (service unavailable) unusually often.',
  LLMApi503SpikeSevere: 'An LLM API answers a large part of its requests with 503 (service unavailable).',
  LLMApi504Spike: 'An LLM API answers 504 (gateway timeout) unusually often.',
};

const BY_CODE = ['provider', 'model', 'code'] as const;
const TOP_CAUSE: CauseSource = {
  name: 'provider_model_code_cause:llm_requests_per_requests:ratio_increase5m',
  by: BY_CODE,
};
const USUAL: CauseSource = { name: 'provider_model_code:llm_requests_per_requests:p90_ratio_increase5m', by: BY_CODE };

function spikeTexts({ settings, causes }: PackContext, { name, severity }: SpikeRule, facts: Facts): AlertTexts {
  const { warning, [severity]: own } = settings.windowSeconds;
  return {
    summary: SUMMARIES[name],
    description:
      `${facts.value('percentage')} of the answers of ${facts.label('provider')} for model ${facts.label('model')} were ${facts.label('code')} ` +
      `over the last ${scaled(settings, own)} (usual level: ${facts.recorded(USUAL, 'percentage', 'not known yet')}). ` +
      `Top cause in ${scaled(settings, warning)}: ${facts.topCause(TOP_CAUSE)}, ${facts.recorded(TOP_CAUSE, 'percentage', 'an unknown share')} of them.`,
    cause: facts.topCause(TOP_CAUSE),
    advice: facts.advice(TOP_CAUSE, causesWithCodes(causes, codesOf(settings, name))),
    dashboard: { uid: 'llm-provider', variables: BY_CODE },
  };
}
