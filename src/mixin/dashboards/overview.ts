import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { MixinSettings } from '../settings/settings.ts';
import { errorRow } from './error-row.ts';
import { exporterRow } from './exporter-row.ts';
import { buildDashboard } from './frame.ts';
import { nowRow } from './now-row.ts';
import type { Panels } from './panels.ts';

/** `dashboards/llm-overview.json`: is it us, is it bad, which model; then how the exporters themselves are. */
export function overview(settings: MixinSettings, panels: Panels): Dashboard {
  return buildDashboard(settings, {
    uid: 'llm-overview',
    title: 'LLM / Overview',
    description: 'Whether LLM API calls work now, what fails and why, and whether the exporters that say so are well.',
    rows: [nowRow(settings, panels), errorRow(panels), exporterRow(panels)],
  });
}
