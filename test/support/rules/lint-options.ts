import type { Rule } from './rule-file.ts';
import type { RuleSet, SeriesFacts } from './rule-set.ts';

/** A rule that may break a check, and why. One that excuses nothing is itself a problem. */
export interface Exception {
  readonly code: string;
  /** Name of the alert or of the recording rule. */
  readonly rule: string;
  readonly reason: string;
}

/** What a pack promises of its rules; times in seconds. */
export interface LintOptions {
  /** Name to show in problems. */
  readonly file: string;
  /** What the exporter exposes; nothing is said of series that are not in here. */
  readonly series: ReadonlyMap<string, SeriesFacts>;
  readonly scrapeIntervalSeconds: number;
  /** Range plus offset may reach back this far. */
  readonly retentionSeconds: number;
  readonly maxGroupRules: number;
  /** Labels of the environment: no aggregation may lose them. */
  readonly identityLabels: readonly string[];
  /** Labels that every alert carries, each with the values it may have. */
  readonly alertLabels: Readonly<Record<string, readonly string[]>>;
  /** Labels that an alert may carry beside those. */
  readonly moreAlertLabels: readonly string[];
  readonly alertName: RegExp;
  /** Annotations that every alert has. */
  readonly annotations: readonly string[];
  /** Names of the alerts that have a runbook; undefined: not looked at. */
  readonly runbooks: ReadonlySet<string> | undefined;
  /** Matchers that a selector of these series must have, as in pint's `selector` block. */
  readonly requiredMatchers: readonly { readonly series: RegExp; readonly anyOf: readonly string[] }[];
  /** Recorded names that rules of other groups may use, though these see the value of the evaluation before. */
  readonly acrossGroups: readonly string[];
  readonly exceptions: readonly Exception[];
}

export const defaultLintOptions: LintOptions = {
  file: 'llm.rules.yml',
  series: new Map(),
  scrapeIntervalSeconds: 30,
  // Prometheus' own default.
  retentionSeconds: 15 * 86_400,
  // Mimir refuses a group with more (its default for ruler_max_rules_per_rule_group).
  maxGroupRules: 20,
  identityLabels: ['cluster', 'namespace', 'env', 'environment', 'region', 'job'],
  alertLabels: {
    severity: ['critical', 'warning', 'info'],
    component: ['llm-api', 'llm-exporter'],
    signal: ['availability', 'latency', 'quota', 'auth', 'client', 'pipeline'],
  },
  moreAlertLabels: ['long', 'short'],
  alertName: /^LLM(?:[A-Z0-9][A-Za-z0-9]*)+$/,
  annotations: ['summary', 'description', 'runbook_url', 'dashboard_url'],
  runbooks: undefined,
  requiredMatchers: [{ series: /^ALERTS(?:_FOR_STATE)?$/, anyOf: ['alertname', 'component'] }],
  acrossGroups: [],
  exceptions: [],
};

/** One thing a check found in a rule. */
export interface Finding {
  /** What is wrong, then what would be right. */
  readonly message: string;
  /** Where in the expression; absent: the rule as a whole. */
  readonly offset?: number;
}

export interface CheckContext {
  readonly set: RuleSet;
  readonly options: LintOptions;
}

/** Looks at one rule. */
export type RuleCheck = (rule: Rule, context: CheckContext) => readonly Finding[];
