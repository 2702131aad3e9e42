import type { Catalogue } from '../classify/catalogue.ts';
import type { Facts } from './facts.ts';
import type { Query } from './promql.ts';
import type { RuleTest } from './rule-tests/promtool.ts';
import type { RunbookPage } from './runbook.ts';
import type { MixinSettings } from './settings/settings.ts';
import type { AlertName, Severity } from './settings/thresholds.ts';

export type Component = 'llm-api' | 'llm-exporter';
export type Signal = 'availability' | 'latency' | 'quota' | 'auth' | 'client' | 'pipeline';

/** What all parts of the pack are made from. */
export interface PackContext {
  readonly settings: MixinSettings;
  readonly causes: Catalogue['causes'];
}

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

/** What the author of an alert writes of its texts; the links are added. */
export interface AlertTexts extends Pick<Annotations, 'summary' | 'description' | 'cause' | 'advice'> {
  /** Which dashboard shows more, and the labels that it takes as variables. */
  readonly dashboard: { readonly uid: string; readonly variables: readonly string[] };
}

/** One alerting rule. An alert with several severities is several rules of one name. */
export interface AlertRule {
  readonly alert: AlertName;
  /** `none`: for the watchdog, which has a route of its own. */
  readonly severity: Severity | 'none';
  readonly component: Component;
  readonly signal: Signal;
  readonly expr: Query;
  readonly forSeconds: number;
  readonly keepFiringSeconds?: number;
  /** Labels of its own, beside those that every alert has: they tell rules of one name and severity apart. */
  readonly extraLabels?: Readonly<Record<string, string>>;
  /** Its texts, from facts that are template actions in the rule and values in the rule's tests. */
  readonly texts: (facts: Facts) => AlertTexts;
  /** Its thresholds and their meaning in words; becomes a comment beside the rule. */
  readonly why: string;
}

/** Everything about one alert. */
export interface AlertEntry {
  readonly name: AlertName;
  /** Its rules, the mildest first. */
  readonly rules: readonly AlertRule[];
  readonly runbook: RunbookPage;
  /** Where it fires, where it just stays quiet, and how it resolves. */
  readonly tests: readonly RuleTest[];
  /** How far apart the evaluations of its tests are, where days pass in them; else as far as everywhere. */
  readonly testIntervalSeconds?: number;
}

/** The annotations of a rule, as the rule file has them or, given the facts of one incident, as they must come out. */
export function annotationsOf(settings: MixinSettings, rule: AlertRule, facts: Facts): Annotations {
  const { summary, description, cause, advice, dashboard } = rule.texts(facts);
  const { uid, variables } = dashboard;
  return {
    summary,
    description: `${description}${facts.where()}`,
    ...(cause !== undefined && { cause }),
    advice,
    runbook_url: `${settings.runbookBaseUrl}/${rule.alert}.md`,
    dashboard_url: `${settings.grafanaUrl}/d/${uid}?${facts.variables(variables)}`,
  };
}

/** The labels that a rule sets itself. */
export function labelsOf(
  settings: MixinSettings,
  { severity, component, signal, extraLabels }: AlertRule,
): Readonly<Record<string, string>> {
  const name = severity === 'none' ? severity : settings.severityNames[severity];
  if (!settings.burnIn || severity === 'none') return { severity: name, component, signal, ...extraLabels };
  return { severity: settings.severityNames.info, component, signal, would_be_severity: name, ...extraLabels };
}
