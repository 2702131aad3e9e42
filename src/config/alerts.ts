import { z } from 'zod';
import { formatDuration } from '../mixin/settings/duration.ts';
import { defaultSettings, type MixinSettings, PROFILES } from '../mixin/settings/settings.ts';
import { durationMs } from './schema-values.ts';

/** Set by flags or by the demo, never in a file. */
type NotConfigured = 'timeScale';
export type AlertSettings = Omit<MixinSettings, NotConfigured>;

const DESCRIPTIONS: Readonly<Record<keyof AlertSettings, string>> = {
  selector: 'More PromQL matchers for every query, such as `job="llm-exporter"`.',
  dropLabels: 'Labels that tell instances of one exporter apart; summed over.',
  identityLabels:
    'Labels of yours that tell environments apart: only alerts that agree in all of them mute one another or share a notification.',
  spikeCodes: 'Status codes that have a spike alert.',
  thresholds: 'When each alert fires, by alert and severity.',
  disabledAlerts: 'Alerts to leave out, by name.',
  optionalAlerts: 'Alerts that are there only when they are named here.',
  severityNames: 'How your Alertmanager calls the severities.',
  profile: 'Whose rules `alerts/llm.rules.yml` are; those of the others are in `alerts/profiles/`.',
  burnIn:
    'Every alert becomes an info that says in the label would_be_severity what it would have been: for the first two weeks.',
  windowSeconds: 'Windows of the spike alerts.',
  neverCriticalModels: 'Values of the label model that may warn and never page.',
  baseline: 'What a usual level is: this quantile over a range that ended some time ago.',
  slo: 'Share of requests that must not fail through the provider or the platform, and the window it is shown for.',
  scrapeIntervalSeconds: 'How often Prometheus scrapes the exporter.',
  evaluationIntervalSeconds: 'How often Prometheus evaluates the rules.',
  notify: 'How long Alertmanager waits, by severity, and the addresses of its webhooks.',
  runbookBaseUrl: 'Where `<Alert>.md` is found.',
  grafanaUrl: 'Address of Grafana, for the links in alerts.',
};

const SECONDS = 'Seconds';
/** Shares of a whole; all other plain numbers are counts or factors. */
const SHARES = /(?:^|[a-z])(?:[sS]hare|[fF]loor|quantile|objective|tolerance)$/;

/**
 * The section `alerts` of the configuration, made from the table of defaults itself: a key for each of its settings, in snake case, with
 * durations for seconds. What a file does not say is the default, so what comes out is complete.
 */
export const alertsSchema = alertsObject()
  .prefault({})
  .describe('Settings of the alert pack, for `llm-exporter generate`; see [alerts.md](alerts.md).');

function alertsObject(): z.ZodType<AlertSettings, object> {
  const { timeScale: _, ...configured } = defaultSettings;
  const shape = Object.entries(configured).map(([key, value]) => {
    // Safe: these are the keys of the defaults.
    const description = DESCRIPTIONS[key as keyof AlertSettings];
    const mark = key === 'thresholds' ? { sameAs: 'thresholds' } : {};
    return [settingName(key), schemaOf(key, value).describe(description).meta(mark)] as const;
  });
  // Safe: each field is made from the default it is for, and is of its type.
  return renamed(Object.fromEntries(shape), Object.keys(configured)) as unknown as z.ZodType<AlertSettings, object>;
}

function schemaOf(key: string, value: unknown): z.ZodType {
  if (typeof value === 'number') return numberSchema(key, value);
  if (typeof value === 'boolean') return z.boolean().prefault(value);
  if (key === 'profile') return z.enum(PROFILES).prefault(defaultSettings.profile);
  if (typeof value === 'string') return z.string().prefault(value);
  if (Array.isArray(value)) return z.array(z.string().min(1)).prefault(value);
  const entries = Object.entries(value ?? {});
  // The severities below `windowSeconds` are seconds, too.
  const unit = key.endsWith(SECONDS) ? SECONDS : '';
  const shape = Object.fromEntries(entries.map(([name, child]) => [settingName(name), schemaOf(name + unit, child)]));
  return renamed(
    shape,
    entries.map(([name]) => name),
  ).prefault({});
}

function numberSchema(key: string, value: number): z.ZodType {
  if (key.endsWith(SECONDS)) return secondsSchema(value);
  return SHARES.test(key) ? z.number().min(0).max(1).prefault(value) : z.number().min(0).prefault(value);
}

function secondsSchema(value: number) {
  return durationMs('5m')
    .transform((ms) => ms / 1000)
    .prefault(value === 0 ? '0s' : formatDuration(value));
}

/** An object whose keys are written in snake case and come out as the settings call them. */
function renamed(shape: Readonly<Record<string, z.ZodType>>, names: readonly string[]) {
  return z.strictObject(shape).transform((given) => {
    const values: Readonly<Record<string, unknown>> = given;
    return Object.fromEntries(names.map((name) => [name, values[settingName(name)]]));
  });
}

/** `keepFiringSeconds` as it is written in a file: `keep_firing`. Names of alerts stay. */
export function settingName(key: string): string {
  if (/^[A-Z]/.test(key)) return key;
  return key.replace(/Seconds$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
