import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import { causesNamed, failureCauses } from '../causes.ts';
import type { CauseSource } from '../facts.ts';
import { maxOverTime, promql, type Query, selectors } from '../promql.ts';
import { BUDGET_PERIOD, objectiveWindow } from '../recording/objective.ts';
import { fastBurnTests, mediumBurnTests, slowBurnTests } from '../rule-tests/answers/budget.ts';
import { lowVolumeTests } from '../rule-tests/answers/low-volume.ts';
import { budgetPages } from '../runbooks/budget.ts';
import { type Burn, burns, errorBudget } from '../settings/burns.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import type { AlertName, Severity } from '../settings/thresholds.ts';
import { percent } from '../share.ts';

/** A burn that a person must stop now, in the group that is evaluated most often. */
export function fastBurnAlerts(context: PackContext): readonly AlertEntry[] {
  const rule = burnRule(context, burns(context.settings).fast);
  const { fast } = budgetPages(context);
  return [{ name: rule.alert, rules: [rule], runbook: fast, tests: fastBurnTests(context, rule) }];
}

/** Burns over hours and days, and what guards on counts leave unseen. */
export function slowBurnAlerts(context: PackContext): readonly AlertEntry[] {
  const { settings } = context;
  const pages = budgetPages(context);
  const { medium, slow } = burns(settings);
  const mediumRule = { ...burnRule(context, medium), expr: unlessPaged(settings, burnExpression(settings, medium)) };
  const slowRules = slow.map((burn) => burnRule(context, burn));
  const lowVolume = lowVolumeRule(context);
  return [
    {
      name: 'LLMErrorBudgetBurnMedium',
      rules: [mediumRule],
      runbook: pages.medium,
      ...mediumBurnTests(context, mediumRule),
    },
    { name: 'LLMErrorBudgetBurnSlow', rules: slowRules, runbook: pages.slow, ...slowBurnTests(context, slowRules) },
    { name: lowVolume.alert, rules: [lowVolume], runbook: pages.lowVolume, ...lowVolumeTests(context, lowVolume) },
  ];
}

/** The value of the result is the share that failed in the long window. */
function burnExpression(settings: MixinSettings, burn: Burn): Query<'provider' | 'model'> {
  const series = selectors('');
  const { long, factor, minBad } = burn;
  const bad = series.recorded(`provider_model:llm_requests_failed:increase${long}`);
  const all = series.recorded(`provider_model:llm_requests:increase${long}`);
  const limit = `${factor} * ${errorBudget(settings)}`;
  return promql`${bad} / (${all} > 0) > ${limit}\nand ${failingNow(settings, burn)} > ${limit}\nand ${bad} >= ${minBad}`;
}

/** The share of the short window, without the models that never page. */
function failingNow(settings: MixinSettings, { short, severity }: Burn): Query<'provider' | 'model'> {
  const series = selectors('');
  const model = { none: severity === 'critical' ? settings.neverCriticalModels : [] };
  if (short === '5m')
    return series.recorded('provider_model:llm_requests_failed_per_requests:ratio_increase5m', { model });
  const bad = series.recorded(`provider_model:llm_requests_failed:increase${short}`, { model });
  return promql`${bad} / (${series.recorded(`provider_model:llm_requests:increase${short}`)} > 0)`;
}

/** Pages about what spends the budget, too. Each says more than a burn does. */
const PAGES_OF_MODEL = [
  'LLMApi503SpikeSevere',
  'LLMApi504Spike',
  'LLMErrorBudgetBurnFast',
  'LLMMidStreamFailures',
  'LLMUpstreamAuthFailing',
] as const satisfies readonly AlertName[];
/** These have no milder level. */
const PAGES_OF_PROVIDER = ['LLMProviderUnreachable', 'LLMProviderDegraded'] as const satisfies readonly AlertName[];

/**
 * Silent for a while after a page about the same: the window outlives any alert that could mute this one in Alertmanager,
 * so it would page for an outage that is over.
 */
function unlessPaged(settings: MixinSettings, burning: Query<'provider' | 'model'>): Query<'provider' | 'model'> {
  const { quietSeconds } = settings.thresholds.LLMErrorBudgetBurnMedium.critical;
  const { critical } = settings.severityNames;
  const page = settings.burnIn ? { would_be_severity: critical } : { severity: critical };
  const paged = (names: readonly AlertName[], severity = {}) =>
    maxOverTime(
      selectors('').alerts('firing', { alertname: { any: names }, ...severity }),
      scaled(settings, quietSeconds),
    );
  const environment = [...settings.identityLabels, 'provider'].join(', ');
  return promql`${burning}\nunless on (${environment}, model) ${paged(PAGES_OF_MODEL, page)}\nunless on (${environment}) ${paged(PAGES_OF_PROVIDER)}`;
}

const OF_MODEL = ['provider', 'model'] as const;

function burnRule(context: PackContext, burn: Burn): AlertRule {
  const { settings, causes } = context;
  const { name, severity, factor, minBad, forSeconds, keepFiringSeconds } = burn;
  const [long, short] = [objectiveWindow(settings, burn.long), objectiveWindow(settings, burn.short)];
  const causeWindow = burn.long === '1h' ? '1h' : '6h';
  const source: CauseSource = { name: `provider_model_cause:llm_requests_failed:increase${causeWindow}`, by: OF_MODEL };
  const lifetime: CauseSource = {
    name: `provider_model:llm_error_budget_lifetime_seconds:increase${burn.long}`,
    by: OF_MODEL,
  };
  return {
    alert: name,
    severity,
    component: 'llm-api',
    signal: 'availability',
    extraLabels: { long, short },
    expr: burnExpression(settings, burn),
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: BURN_SUMMARIES[severity],
      description:
        `${facts.value('percentage')} of the answers of ${facts.label('provider')} for model ${facts.label('model')} failed over the last ${long}; ` +
        `${percent(errorBudget(settings))} may. At this rate the error budget of ${BUDGET_PERIOD} lasts ` +
        `${facts.recorded(lifetime, 'duration', 'an unknown time')}. Top cause in ${objectiveWindow(settings, causeWindow)}: ` +
        `${facts.topCause(source)}, ${facts.recorded(source, 'number', 'an unknown number of')} failures.`,
      cause: facts.topCause(source),
      advice: facts.advice(source, causesNamed(causes, failureCauses(causes))),
      dashboard: { uid: 'llm-provider', variables: OF_MODEL },
    }),
    why: `Over ${long} and over ${short} above ${factor} times what the objective of ${percent(settings.slo.objective)} allows; at least ${minBad} failures.`,
  };
}

const BURN_SUMMARIES: Readonly<Record<Severity, string>> = {
  critical: 'The error budget of a model is spent so fast that it will be gone within days.',
  warning: 'The error budget of a model is spent faster than it may be.',
  info: 'The error budget of a model is spent.',
};

function lowVolumeRule({ settings, causes }: PackContext): AlertRule {
  const { share, minBad, maxTotal, forSeconds, keepFiringSeconds } =
    settings.thresholds.LLMLowVolumeSustainedErrors.warning;
  const series = selectors('');
  const bad = series.recorded('provider_model:llm_requests_failed:increase6h');
  const all = series.recorded('provider_model:llm_requests:increase6h');
  const window = objectiveWindow(settings, '6h');
  const source: CauseSource = { name: 'provider_model_cause:llm_requests_failed:increase6h', by: OF_MODEL };
  return {
    alert: 'LLMLowVolumeSustainedErrors',
    severity: 'warning',
    component: 'llm-api',
    signal: 'availability',
    expr: promql`${bad} / (${all} > 0) > ${share}\nand ${bad} >= ${minBad}\nand ${all} < ${maxTotal}`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'A model that is seldom asked fails most of the time.',
      description:
        `${facts.value('percentage')} of the few answers of ${facts.label('provider')} for model ${facts.label('model')} failed over the last ${window}. ` +
        `Top cause: ${facts.topCause(source)}, ${facts.recorded(source, 'number', 'an unknown number of')} failures.`,
      cause: facts.topCause(source),
      advice: facts.advice(source, causesNamed(causes, failureCauses(causes))),
      dashboard: { uid: 'llm-provider', variables: OF_MODEL },
    }),
    why: `Above ${percent(share)} of fewer than ${maxTotal} answers of ${window}, at least ${minBad} of them: too few for the guards of the spikes.`,
  };
}
