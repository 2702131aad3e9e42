import { type Catalogue, loadCatalogue } from '../classify/catalogue.ts';
import type { AlertRule, PackContext } from './alert.ts';
import { alertmanagerConfigFile } from './alertmanager/operator.ts';
import { receiverFiles } from './alertmanager/receivers.ts';
import { alertmanagerFile } from './alertmanager/routing.ts';
import { renderTemplate } from './alertmanager/template.ts';
import { ruleGroups } from './entries.ts';
import { renderProfile, renderProfiles } from './profiles.ts';
import { promtoolFile } from './rule-tests/promtool.ts';
import { renderRunbook } from './runbook.ts';
import { INCIDENTS } from './scenario/incidents.ts';
import { QUIET_DAYS } from './scenario/quiet.ts';
import { scenarioFile } from './scenario/scenario.ts';
import type { MixinSettings } from './settings/settings.ts';

/** `alerts/llm.rules.yml`. */
export function renderRules(settings: MixinSettings, catalogue: Catalogue = loadCatalogue()): string {
  return renderProfile({ settings, causes: catalogue.causes }, settings.profile);
}

/** `alerts/alertmanager/alertmanager.yml`. */
export function renderAlertmanager(settings: MixinSettings, { causes }: Catalogue = loadCatalogue()): string {
  return alertmanagerFile(settings, rulesIn({ settings, causes }));
}

/** `alerts/alertmanager/receivers/`, by path. */
export function renderReceivers(
  settings: MixinSettings,
  { causes }: Catalogue = loadCatalogue(),
): ReadonlyMap<string, string> {
  return receiverFiles(settings, rulesIn({ settings, causes }));
}

/** `alerts/profiles/alertmanager-config.yml`. */
export function renderAlertmanagerConfig(settings: MixinSettings, { causes }: Catalogue = loadCatalogue()): string {
  return alertmanagerConfigFile(settings, rulesIn({ settings, causes }));
}

function rulesIn(context: PackContext): readonly AlertRule[] {
  return ruleGroups(context).flatMap(({ entries }) => entries.flatMap((entry) => entry.rules));
}

/**
 * Every file of `alerts/` and `dashboards/`, by path relative to the root of the repository. The same settings always
 * give the same bytes.
 */
export async function renderPack(
  settings: MixinSettings,
  catalogue: Catalogue = loadCatalogue(),
): Promise<ReadonlyMap<string, string>> {
  const context: PackContext = { settings, causes: catalogue.causes };
  const files = new Map<string, string>([
    ['alerts/llm.rules.yml', renderRules(settings, catalogue)],
    ['alerts/alertmanager/alertmanager.yml', renderAlertmanager(settings, catalogue)],
    ['alerts/alertmanager/templates/llm.tmpl', renderTemplate(settings)],
    ['alerts/profiles/alertmanager-config.yml', renderAlertmanagerConfig(settings, catalogue)],
    ...renderReceivers(settings, catalogue),
  ]);
  for (const [path, text] of renderProfiles(context)) files.set(path, text);
  const entries = ruleGroups(context).flatMap((group) => group.entries);
  for (const { name, runbook, tests, testIntervalSeconds = settings.evaluationIntervalSeconds } of entries) {
    const pace = { ...settings, evaluationIntervalSeconds: testIntervalSeconds };
    files.set(`alerts/tests/${name}.yml`, promtoolFile(pace, name, tests));
    files.set(`alerts/runbooks/${name}.md`, renderRunbook(name, runbook));
  }
  for (const scenario of [...INCIDENTS, ...QUIET_DAYS])
    files.set(`alerts/tests/scenarios/${scenario.name}.yml`, scenarioFile(settings, scenario, entries));
  // Loaded on demand: the dashboards need Grafana's SDK, which no other part of the program should pay for.
  const { renderDashboards } = await import('./dashboards/render.ts');
  for (const [path, text] of renderDashboards(settings)) files.set(path, text);
  return files;
}
