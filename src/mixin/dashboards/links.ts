import type { AlertName } from '../alerts.ts';
import type { MixinSettings } from '../settings.ts';
import type { Link, Step } from './panels.ts';

/** Why a panel of traffic is empty. */
export const IDLE = 'No requests in this time: idle, or see "Why is this empty?" below';

/** Opens the drill-down on the model of a table's row and keeps data source and time. */
export const MODEL_LINK =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders that Grafana fills in
  '/d/llm-provider?var-datasource=${datasource}&var-provider=${__data.fields.provider}&var-model=${__data.fields.model}&${__url_time_range}';

/** The levels at which the spike alerts begin: the same numbers that the rules compare with. */
export function alertLines({ spike503, spike504 }: MixinSettings): readonly Step[] {
  const warning = [spike503.warning.ratio, spike504.warning.ratio];
  const critical = [spike503.critical.ratio, spike504.critical.ratio];
  return [
    ...warning.map((from) => ({ from, color: 'orange' })),
    ...critical.map((from) => ({ from, color: 'red' })),
  ].toSorted((a, b) => a.from - b.from);
}

export function runbookLinks(settings: MixinSettings, alerts: readonly AlertName[]): readonly Link[] {
  return alerts.map((alert) => ({ title: `Runbook ${alert}`, url: `${settings.runbookBaseUrl}/${alert}.md` }));
}
