import { settingName } from '../config/alerts.ts';
import type { AlertRule, PackContext } from './alert.ts';
import { ruleGroups } from './entries.ts';
import { INCIDENTS } from './scenario/incidents.ts';
import { QUIET_DAYS } from './scenario/quiet.ts';
import type { Scenario } from './scenario/scenario.ts';
import { formatDuration } from './settings/duration.ts';
import { scaled } from './settings/settings.ts';
import { OPTIONAL_ALERTS } from './settings/thresholds.ts';
import { GENERATED, yamlFile } from './yaml-file.ts';

/** `docs/alerts.md`: every alert, what fires in which incident, and every setting. */
export function alertsReference(context: PackContext): string {
  const everything = { ...context.settings, disabledAlerts: [], optionalAlerts: OPTIONAL_ALERTS };
  const rules = ruleGroups({ ...context, settings: everything }).flatMap(({ entries }) =>
    entries.flatMap((entry) => entry.rules),
  );
  const scenarios = [...INCIDENTS, ...QUIET_DAYS];
  return `# Alerts

<!-- ${GENERATED} -->

Every alert of [llm.rules.yml](../alerts/llm.rules.yml), with the numbers it has there. Critical: a human must act now and can. Warning: look
today. Info: worth a line in a channel, never a page. Its name leads to its runbook.

| alert | severity | fires | for | goes on for |
| --- | --- | --- | --- | --- |
${rules.map((rule) => alertRow(context, rule)).join('\n')}

${OPTIONAL_ALERTS.join(', ')} are there only when \`optional_alerts\` names them.

## What fires when

Each column is a story that the tests tell to the whole pack; a letter says that the alert fires in it (critical, warning, info), and where there
is none it must stay quiet.

| alert | ${scenarios.map((_, index) => index + 1).join(' | ')} |
| --- | ${scenarios.map(() => '---').join(' | ')} |
${[...new Set(rules.map(({ alert }) => alert))].map((alert) => scenarioRow(alert, scenarios)).join('\n')}

${scenarios.map(({ name, story }, index) => `${index + 1}. [${name}](../alerts/tests/scenarios/${name}.yml): ${story}`).join('\n')}

## Settings

All that \`alerts:\` in the configuration file knows, with the defaults; say only what you change, then run
\`llm-exporter generate --config.file=FILE --output-dir=DIR\`. Why each number is what it is stands beside it in
[thresholds.ts](../src/mixin/settings/thresholds.ts) and [settings.ts](../src/mixin/settings/settings.ts).

\`\`\`yaml
${settingsText(context)}\`\`\`
`;
}

function alertRow({ settings }: PackContext, rule: AlertRule): string {
  const { alert, severity, why, forSeconds, keepFiringSeconds } = rule;
  const kept = keepFiringSeconds === undefined ? '' : scaled(settings, keepFiringSeconds);
  const cells = [
    `[\`${alert}\`](../alerts/runbooks/${alert}.md)`,
    severity,
    oneLine(why),
    scaled(settings, forSeconds),
    kept,
  ];
  return `| ${cells.join(' | ')} |`;
}

function oneLine(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}

function scenarioRow(alert: string, scenarios: readonly Scenario[]): string {
  const cells = scenarios.map(({ moments }) => {
    const severities = moments.flatMap(({ firing }) =>
      firing.filter((one) => one.alert === alert).map((one) => one.severity),
    );
    return [...new Set(severities)].map((severity) => severity.charAt(0).toUpperCase()).join('');
  });
  return `| \`${alert}\` | ${cells.join(' | ')} |`;
}

function settingsText({ settings }: PackContext): string {
  const { timeScale: _, ...configured } = settings;
  return yamlFile({ alerts: written(configured, '') })
    .split('\n')
    .slice(1)
    .join('\n')
    .trimStart();
}

/** The settings as a file says them: snake case, and durations for seconds. */
function written(value: unknown, key: string): unknown {
  if (typeof value === 'number' && key.endsWith('Seconds')) return value === 0 ? '0s' : formatDuration(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const unit = key.endsWith('Seconds') ? 'Seconds' : '';
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [settingName(name), written(child, name + unit)]),
  );
}
