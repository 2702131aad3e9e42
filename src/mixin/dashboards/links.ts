import type { MixinSettings } from '../settings/settings.ts';
import { levelsOf, SPIKE_ALERTS } from '../settings/spike-levels.ts';
import type { AlertName } from '../settings/thresholds.ts';
import type { Link, Step } from './panels.ts';

/** Why a panel of traffic is empty. */
export const IDLE = 'No requests in this time: idle, or see "Why is this empty?" below';

/** Opens the drill-down on the model of a table's row and keeps data source and time. */
export const MODEL_LINK =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders that Grafana fills in
  '/d/llm-provider?var-datasource=${datasource}&var-provider=${__data.fields.provider}&var-model=${__data.fields.model}&${__url_time_range}';

/** The levels at which the spike alerts begin: the same numbers that the rules compare with. */
export function alertLines(settings: MixinSettings): readonly Step[] {
  return SPIKE_ALERTS.flatMap((name) => levelsOf(settings, name))
    .map(([severity, { share }]) => ({ from: share, color: severity === 'critical' ? 'red' : 'orange' }))
    .toSorted((a, b) => a.from - b.from);
}

export function runbookLinks(settings: MixinSettings, alerts: readonly AlertName[]): readonly Link[] {
  return alerts.map((alert) => ({ title: `Runbook ${alert}`, url: `${settings.runbookBaseUrl}/${alert}.md` }));
}
