import type { AlertEntry, PackContext } from './alert.ts';
import { authAlerts } from './alerts/auth.ts';
import { fastBurnAlerts, slowBurnAlerts } from './alerts/budget.ts';
import { codeAlerts } from './alerts/codes.ts';
import { exporterAlerts } from './alerts/exporter.ts';
import { ingestAlerts } from './alerts/ingest.ts';
import { latencyAlerts } from './alerts/latency.ts';
import { providerAlerts, providerRecordings } from './alerts/provider.ts';
import { quotaAlerts } from './alerts/quota.ts';
import { retriesAlerts } from './alerts/retries.ts';
import { spikeAlerts } from './alerts/spike.ts';
import { streamsAlerts } from './alerts/streams.ts';
import { targetAlerts } from './alerts/target.ts';
import { costAlerts, trafficAlerts } from './alerts/traffic.ts';
import { causeRecordings } from './recording/causes.ts';
import { costRecordings } from './recording/cost.ts';
import { latencyRecordings } from './recording/latency.ts';
import { objectiveRecordings, slowObjectiveRecordings } from './recording/objective.ts';
import type { RecordingRule } from './recording/recording.ts';
import { availabilityRecordings } from './recording/recording.ts';
import { topCauseRecordings } from './recording/top-causes.ts';
import { OPTIONAL_ALERTS } from './settings/thresholds.ts';

/** A group of rules: evaluated in order, recordings first. Mimir's default limit is 20 rules a group. */
export interface RuleGroup {
  readonly name: string;
  readonly recordings: readonly RecordingRule[];
  readonly entries: readonly AlertEntry[];
  readonly intervalSeconds: number;
}

/** All rules of the pack. */
export function ruleGroups(context: PackContext): readonly RuleGroup[] {
  const { settings } = context;
  const optional: ReadonlySet<string> = new Set(
    OPTIONAL_ALERTS.filter((name) => !settings.optionalAlerts.includes(name)),
  );
  const isWanted = ({ name }: AlertEntry) => !optional.has(name) && !settings.disabledAlerts.includes(name);
  return GROUPS.map(({ name, recordings, alerts, everyNth = 1 }) => ({
    name,
    intervalSeconds: everyNth * settings.evaluationIntervalSeconds,
    recordings: recordings.flatMap((make) => make(context)),
    entries: alerts.flatMap((make) => make(context)).filter(isWanted),
  }));
}

interface GroupParts {
  readonly name: string;
  readonly recordings: readonly ((context: PackContext) => readonly RecordingRule[])[];
  readonly alerts: readonly ((context: PackContext) => readonly AlertEntry[])[];
  /** Evaluated at every n-th evaluation only: 1 unless given. Below 5m in all, or queries find holes. */
  readonly everyNth?: number;
}

const GROUPS: readonly GroupParts[] = [
  {
    name: 'llm-availability',
    recordings: [availabilityRecordings, providerRecordings],
    // Prometheus sends the alerts of a rule before it looks at the next: what mutes others goes first.
    alerts: [providerAlerts, spikeAlerts],
  },
  { name: 'llm-causes', recordings: [causeRecordings], alerts: [codeAlerts, quotaAlerts, authAlerts] },
  { name: 'llm-objective', recordings: [objectiveRecordings], alerts: [fastBurnAlerts] },
  { name: 'llm-objective-slow', recordings: [slowObjectiveRecordings], alerts: [slowBurnAlerts], everyNth: 4 },
  {
    name: 'llm-requests',
    recordings: [topCauseRecordings, costRecordings],
    alerts: [streamsAlerts, retriesAlerts, trafficAlerts, costAlerts],
  },
  { name: 'llm-latency', recordings: [latencyRecordings], alerts: [latencyAlerts] },
  { name: 'llm-exporter', recordings: [], alerts: [targetAlerts, exporterAlerts] },
  { name: 'llm-ingest', recordings: [], alerts: [ingestAlerts] },
];
