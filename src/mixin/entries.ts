import type { AlertEntry, PackContext } from './alert.ts';
import { spikeAlerts } from './alerts/spike.ts';
import { targetAlerts } from './alerts/target.ts';
import type { RecordingRule } from './recording/recording.ts';
import { availabilityRecordings, objectiveRecordings } from './recording/recording.ts';
import { OPTIONAL_ALERTS } from './settings/thresholds.ts';

/** A group of rules: evaluated in order, recordings first. Mimir's default limit is 20 rules a group. */
export interface RuleGroup {
  readonly name: string;
  readonly recordings: readonly RecordingRule[];
  readonly entries: readonly AlertEntry[];
}

/** All rules of the pack. */
export function ruleGroups(context: PackContext): readonly RuleGroup[] {
  const { settings } = context;
  const optional: ReadonlySet<string> = new Set(
    OPTIONAL_ALERTS.filter((name) => !settings.optionalAlerts.includes(name)),
  );
  const isWanted = ({ name }: AlertEntry) => !optional.has(name) && !settings.disabledAlerts.includes(name);
  return GROUPS.map(({ name, recordings, alerts }) => ({
    name,
    recordings: recordings.flatMap((make) => make(context)),
    entries: alerts.flatMap((make) => make(context)).filter(isWanted),
  }));
}

interface GroupParts {
  readonly name: string;
  readonly recordings: readonly ((context: PackContext) => readonly RecordingRule[])[];
  readonly alerts: readonly ((context: PackContext) => readonly AlertEntry[])[];
}

const GROUPS: readonly GroupParts[] = [
  { name: 'llm-availability', recordings: [availabilityRecordings], alerts: [spikeAlerts] },
  { name: 'llm-objective', recordings: [objectiveRecordings], alerts: [] },
  { name: 'llm-exporter', recordings: [], alerts: [targetAlerts] },
];
