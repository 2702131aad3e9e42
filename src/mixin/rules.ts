import { type AlertRule, annotationsOf, labelsOf, type PackContext } from './alert.ts';
import { ruleGroups } from './entries.ts';
import { templateFacts } from './facts.ts';
import type { RecordingRule } from './recording/recording.ts';
import { type MixinSettings, scaled } from './settings/settings.ts';
import { commented, yamlFile } from './yaml-file.ts';

/** The groups as a rule file for Prometheus 2.42 and later, which know `keep_firing_for`. */
export function rulesFile(context: PackContext): string {
  const { settings } = context;
  return yamlFile({
    groups: ruleGroups(context).map(({ name, recordings, entries }) => ({
      name,
      interval: scaled(settings, settings.evaluationIntervalSeconds),
      rules: [
        ...recordings.map(recordingEntry),
        ...entries.flatMap(({ rules }) => rules).map((rule) => alertEntry(settings, rule)),
      ],
    })),
  });
}

function recordingEntry({ record, expr, labels, why }: RecordingRule) {
  return commented(why, { record, expr: expr.text, ...(labels && { labels }) });
}

function alertEntry(settings: MixinSettings, rule: AlertRule) {
  const { alert, expr, forSeconds, keepFiringSeconds, why } = rule;
  return commented(why, {
    alert,
    expr: expr.text,
    for: scaled(settings, forSeconds),
    ...(keepFiringSeconds !== undefined && { keep_firing_for: scaled(settings, keepFiringSeconds) }),
    labels: labelsOf(settings, rule),
    annotations: annotationsOf(settings, rule, templateFacts(settings)),
  });
}
