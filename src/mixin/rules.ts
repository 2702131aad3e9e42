import type { Catalogue } from '../classify/catalogue.ts';
import { type AlertRule, availabilityAlerts, exporterAlerts } from './alerts.ts';
import { failureCauses } from './causes.ts';
import { availabilityRecordings, objectiveRecordings, type RecordingRule } from './recording.ts';
import { type MixinSettings, scaled } from './settings.ts';
import { commented, yamlFile } from './yaml-file.ts';

/** A group of rules: evaluated in order, recordings first. Mimir's default limit is 20 rules a group. */
export interface RuleGroup {
  readonly name: string;
  readonly recordings: readonly RecordingRule[];
  readonly alerts: readonly AlertRule[];
}

/** All rules of the pack. */
export function ruleGroups(settings: MixinSettings, causes: Catalogue['causes']): readonly RuleGroup[] {
  return [
    {
      name: 'llm-availability',
      recordings: availabilityRecordings(settings),
      alerts: availabilityAlerts(settings, causes),
    },
    { name: 'llm-objective', recordings: objectiveRecordings(settings, failureCauses(causes)), alerts: [] },
    { name: 'llm-exporter', recordings: [], alerts: exporterAlerts(settings) },
  ];
}

/** The groups as a rule file for Prometheus 2.42 and later, which know `keep_firing_for`. */
export function rulesFile(settings: MixinSettings, groups: readonly RuleGroup[]): string {
  return yamlFile({
    groups: groups.map(({ name, recordings, alerts }) => ({
      name,
      interval: scaled(settings, settings.evaluationIntervalSeconds),
      rules: [...recordings.map(recordingEntry), ...alerts.map((alert) => alertEntry(settings, alert))],
    })),
  });
}

function recordingEntry({ record, expr, labels, why }: RecordingRule) {
  return commented(why, { record, expr: expr.text, ...(labels && { labels }) });
}

function alertEntry(settings: MixinSettings, rule: AlertRule) {
  const { alert, expr, forSeconds, keepFiringSeconds, labels, annotations, why } = rule;
  return commented(why, {
    alert,
    expr: expr.text,
    for: scaled(settings, forSeconds),
    ...(keepFiringSeconds !== undefined && { keep_firing_for: scaled(settings, keepFiringSeconds) }),
    labels,
    annotations,
  });
}
