import { type MixinSettings, scaled } from '../settings/settings.ts';
import { overview } from './overview.ts';
import { createPanels } from './panels.ts';
import { provider } from './provider.ts';
import { renderProvisioning } from './provisioning.ts';

/** Every file of `dashboards/`. Classic JSON: Grafana refuses most v2 files from provisioning (grafana issue 122663). */
export function renderDashboards(settings: MixinSettings): ReadonlyMap<string, string> {
  const panels = createPanels({ minStep: scaled(settings, settings.scrapeIntervalSeconds) });
  const dashboards = [overview(settings, panels), provider(settings, panels)];
  return new Map([
    ...dashboards.map((built) => [`dashboards/${built.uid}.json`, `${JSON.stringify(built, null, 2)}\n`] as const),
    ...renderProvisioning(settings),
  ]);
}
