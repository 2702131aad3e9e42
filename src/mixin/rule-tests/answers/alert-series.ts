import type { MixinSettings } from '../../settings/settings.ts';
import type { Series } from '../promtool.ts';
import { keptLabels, targetLabels } from '../target.ts';

/** An alert as Prometheus writes it, that is there until one evaluation and gone from there to the end. */
export function alertSeries(
  settings: MixinSettings,
  labels: Readonly<Record<string, string>>,
  [until, end]: readonly [until: number, end: number],
): Series {
  return {
    name: 'ALERTS',
    labels: { ...keptLabels(settings, targetLabels(settings)), alertstate: 'firing', component: 'llm-api', ...labels },
    values: `1x${until - 1}${end > until ? ` stale _x${end - until}` : ''}`,
  };
}
