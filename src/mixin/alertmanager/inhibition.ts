import type { AlertRule } from '../alert.ts';
import type { MixinSettings } from '../settings/settings.ts';
import type { AlertName, Severity } from '../settings/thresholds.ts';

/** While `source` fires, `targets` about the same thing are not sent. */
export interface Inhibition {
  readonly source: AlertName;
  /** Only when the source is this severe; any of its severities unless given. */
  readonly severity?: Severity;
  readonly targets: readonly AlertName[];
  /** Why the source says all that its targets would. */
  readonly why: string;
}

const SPIKES = ['LLMApi503Spike', 'LLMApi503SpikeSevere', 'LLMApi504Spike', 'LLMApi500Burst'] as const;
const BURNS = [
  'LLMErrorBudgetBurnFast',
  'LLMErrorBudgetBurnMedium',
  'LLMErrorBudgetBurnSlow',
  'LLMLowVolumeSustainedErrors',
] as const;
const SLOW = ['LLMTimeToFirstTokenDegraded', 'LLMLatencyDegraded', 'LLMNearGatewayTimeout'] as const;
const RETRIES = ['LLMRetryStorm', 'LLMRetryBudgetExhausted'] as const;
/** What a model that fails almost entirely sets off as well. */
const AFTERMATH = [...BURNS, ...SLOW, ...RETRIES] as const;

/**
 * What mutes what, beside the critical that mutes the milder levels of its own name. The specific beats the generic, so the one page names
 * code and cause. Nothing about the exporter mutes an error of the API: a fault of ours must not hide a page.
 *
 * A source must fire before its targets are sent (its `for` against their `for` and group_wait) and outlast them (its `keep_firing_for`
 * against theirs and the window in which they still see the last error); a lint checks that. Hence:
 * - Limits and quotas mute nothing: they spend no error budget, and most of what else they set off would be sent before them.
 * - Alerts made of numbers that an exporter reports need not be muted when it is down: they end with the numbers.
 */
export const INHIBITIONS: readonly Inhibition[] = [
  {
    source: 'LLMApi503SpikeSevere',
    targets: ['LLMApi503Spike', ...AFTERMATH],
    why: 'The severe one is the same and more.',
  },
  {
    source: 'LLMApi504Spike',
    severity: 'critical',
    targets: AFTERMATH,
    why: 'Slow answers and a burning budget are what timeouts look like from elsewhere.',
  },
  {
    source: 'LLMApi504Spike',
    severity: 'warning',
    targets: ['LLMNearGatewayTimeout'],
    why: 'What it predicts is there.',
  },
  {
    source: 'LLMProviderUnreachable',
    targets: ['LLMProviderDegraded', ...SPIKES, ...AFTERMATH, 'LLMMidStreamFailures'],
    why: 'Nothing of this provider is reached: every other alert about it follows from that.',
  },
  {
    source: 'LLMProviderDegraded',
    targets: [...SPIKES, ...AFTERMATH],
    why: 'It is the provider, not these models: one page instead of one for each.',
  },
  {
    source: 'LLMUpstreamAuthFailing',
    targets: ['LLMClientAuthBurst', 'LLMErrorBudgetBurnFast', 'LLMErrorBudgetBurnMedium'],
    why: 'The refused key is the common one: no client is at fault, and it is what spends the budget.',
  },
  {
    source: 'LLMMidStreamFailures',
    severity: 'critical',
    targets: BURNS,
    why: 'It says what the failures are that burn the budget.',
  },
  {
    source: 'LLMErrorBudgetBurnFast',
    targets: ['LLMErrorBudgetBurnMedium', 'LLMErrorBudgetBurnSlow', 'LLMLowVolumeSustainedErrors'],
    why: 'The same budget, burning faster.',
  },
  {
    source: 'LLMErrorBudgetBurnMedium',
    targets: ['LLMErrorBudgetBurnSlow', 'LLMLowVolumeSustainedErrors'],
    why: 'The same budget, burning faster.',
  },
  { source: 'LLMTimeToFirstTokenDegraded', targets: ['LLMLatencyDegraded'], why: 'The wait is in the first token.' },
  {
    source: 'LLMExporterVanished',
    targets: ['LLMExporterTargetDown', 'LLMTrafficVanished'],
    why: 'None of a job is left: each of them is down, and what they do not tell is missing, not gone.',
  },
  {
    source: 'LLMExporterTargetDown',
    targets: ['LLMTrafficVanished'],
    why: 'What it does not tell is missing, not gone.',
  },
  {
    source: 'LLMIngestStalled',
    targets: ['LLMIngestLagging', 'LLMTrafficVanished'],
    why: 'Nothing is read, so it is late, and looks as if nothing came.',
  },
];

/** Labels that two alerts may be about, beside those of the environment. */
const SUBJECT = ['provider', 'model', 'code', 'source', 'instance'] as const;

interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

/** Every alert of the pack, and none of others. */
export const OURS = 'component=~"llm-(api|exporter)"';

/** The label that says how bad it is. In burn-in all are info, and mute one another as they would have otherwise. */
function levelLabel({ burnIn }: MixinSettings): string {
  return burnIn ? 'would_be_severity' : 'severity';
}

/**
 * The table as Alertmanager's rules. Both sides must agree in the labels that both have: one that is missing on both sides counts as
 * equal, one that is missing on one side never is (alertmanager issue 507), so targets are sorted by the labels they share with the source.
 */
export function inhibitRules(
  settings: MixinSettings,
  rules: readonly AlertRule[],
): readonly { readonly why: string; readonly rule: InhibitRule }[] {
  const { severityNames, identityLabels } = settings;
  const subjects = new Map(rules.map((rule) => [rule.alert, subjectOf(settings, rule)]));
  const level = levelLabel(settings);
  const milder = {
    critical: `${level}=~"${severityNames.warning}|${severityNames.info}"`,
    warning: `${level}="${severityNames.info}"`,
  };
  const ownName = (['critical', 'warning'] as const).map((severity) => ({
    why: `What is ${severity} mutes what is milder of the same name, about the same thing in the same environment.`,
    rule: {
      source_matchers: [OURS, `${level}="${severityNames[severity]}"`],
      target_matchers: [OURS, milder[severity]],
      equal: [...identityLabels, 'alertname', ...SUBJECT],
    },
  }));
  const table = INHIBITIONS.flatMap(({ source, severity, targets, why }) => {
    const own = subjects.get(source);
    if (own === undefined) return [];
    const present = targets.filter((target) => subjects.has(target));
    const shared = (target: AlertName) => own.filter((label) => subjects.get(target)?.includes(label));
    return [...Map.groupBy(present, (target) => shared(target).join(' '))].map(([labels, names]) => ({
      why,
      rule: {
        source_matchers: [
          `alertname="${source}"`,
          ...(severity === undefined ? [] : [`${level}="${severityNames[severity]}"`]),
        ],
        target_matchers: [names.length === 1 ? `alertname="${names[0]}"` : `alertname=~"${names.join('|')}"`],
        equal: [...identityLabels, ...labels.split(' ').filter((label) => label !== '')],
      },
    }));
  });
  return [...ownName, ...table];
}

/** What an alert is about. Only those on one process keep its instance; all others sum over them. */
function subjectOf({ dropLabels }: MixinSettings, { component, expr }: AlertRule): readonly string[] {
  const own: readonly string[] = expr.labels;
  const isSummed = component === 'llm-api' || expr.text.includes(dropLabels.join(', '));
  const ofInstance = dropLabels.includes('instance') && !isSummed;
  return SUBJECT.filter((label) => own.includes(label) || (label === 'instance' && ofInstance));
}
