import { type AlertRule, annotationsOf, labelsOf, type PackContext } from './alert.ts';
import { ruleGroups } from './entries.ts';
import type { Facts } from './facts.ts';
import type { RecordingRule } from './recording/recording.ts';
import { type MixinSettings, scaled } from './settings/settings.ts';
import { commented } from './yaml-file.ts';

/** What a reader of rules takes. */
export interface Dialect {
  /** Whether it knows `keep_firing_for`, as Prometheus 2.42 and later do. */
  readonly keepsFiring: boolean;
  readonly facts: Facts;
}

/** The groups as they stand in a rule file. */
export function ruleGroupsOf(context: PackContext, dialect: Dialect): readonly object[] {
  const { settings } = context;
  return ruleGroups(context).map(({ name, intervalSeconds, recordings, entries }) => ({
    name,
    interval: scaled(settings, intervalSeconds),
    rules: [
      ...recordings.map(recordingEntry),
      ...entries.flatMap(({ rules }) => rules).map((rule) => alertEntry(settings, rule, dialect)),
    ],
  }));
}

function recordingEntry({ record, expr, labels, why }: RecordingRule) {
  return commented(why, { record, expr: expr.text, ...(labels && { labels }) });
}

function alertEntry(settings: MixinSettings, rule: AlertRule, { keepsFiring, facts }: Dialect) {
  const { alert, expr, forSeconds, keepFiringSeconds, why } = rule;
  return commented(why, {
    alert,
    expr: expr.text,
    for: scaled(settings, forSeconds),
    ...(keepsFiring && keepFiringSeconds !== undefined && { keep_firing_for: scaled(settings, keepFiringSeconds) }),
    labels: labelsOf(settings, rule),
    annotations: annotationsOf(settings, rule, facts),
  });
}
