import { type Catalogue, loadCatalogue } from '../classify/catalogue.ts';
import { renderAlertmanager } from './routing.ts';
import { renderRuleTests } from './rule-tests/rule-tests.ts';
import { ruleGroups, rulesFile } from './rules.ts';
import { renderRunbooks } from './runbook.ts';
import type { MixinSettings } from './settings.ts';
import { renderTemplate } from './template.ts';

/** `alerts/llm.rules.yml`. */
export function renderRules(settings: MixinSettings, catalogue: Catalogue = loadCatalogue()): string {
  return rulesFile(settings, ruleGroups(settings, catalogue.causes));
}

/**
 * Every file of `alerts/` and `dashboards/`, by path relative to the root of the repository. The same settings always
 * give the same bytes.
 */
export async function renderPack(
  settings: MixinSettings,
  catalogue: Catalogue = loadCatalogue(),
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>([
    ['alerts/llm.rules.yml', renderRules(settings, catalogue)],
    ['alerts/alertmanager/alertmanager.yml', renderAlertmanager(settings)],
    ['alerts/alertmanager/templates/llm.tmpl', renderTemplate(settings)],
  ]);
  for (const [alert, text] of renderRuleTests(settings, catalogue.causes)) files.set(`alerts/tests/${alert}.yml`, text);
  for (const [alert, page] of renderRunbooks(settings, catalogue.causes))
    files.set(`alerts/runbooks/${alert}.md`, page);
  // Loaded on demand: the dashboards need Grafana's SDK, which no other part of the program should pay for.
  const { renderDashboards } = await import('./dashboards/render.ts');
  for (const [path, text] of renderDashboards(settings)) files.set(path, text);
  return files;
}
