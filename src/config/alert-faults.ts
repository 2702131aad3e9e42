import { isMatchers } from '../mixin/settings/matchers.ts';
import { ALERT_NAMES, OPTIONAL_ALERTS } from '../mixin/settings/thresholds.ts';
import type { Path } from '../yaml-source.ts';
import { type AlertSettings, settingName } from './alerts.ts';

export interface AlertFault {
  readonly code: string;
  readonly path: Path;
  readonly message: string;
}

/** What would make rules that Prometheus refuses to load, rules that never fire, or links that lead nowhere. */
export function alertFaults(settings: AlertSettings): readonly AlertFault[] {
  const faults = [
    ...selectorFaults(settings),
    ...urlFaults(settings),
    ...nameFaults(settings),
    ...labelFaults(settings),
    ...levelFaults(settings),
  ];
  return faults.map(({ path, message, ...rest }) => ({
    code: 'config.alerts',
    path: ['alerts', ...path.map((key) => (typeof key === 'string' ? settingName(key) : key))],
    message,
    ...rest,
  }));
}

interface Fault {
  readonly path: Path;
  readonly message: string;
}

function selectorFaults({ selector }: AlertSettings): readonly Fault[] {
  if (isMatchers(selector)) return [];
  const message = `${selector} is not a list of label matchers without braces; write it as job="llm-exporter",region=~"eu-.+"`;
  return [{ path: ['selector'], message }];
}

function urlFaults({ runbookBaseUrl, grafanaUrl, notify }: AlertSettings): readonly Fault[] {
  const bases = [
    { path: ['runbookBaseUrl'], url: runbookBaseUrl },
    { path: ['grafanaUrl'], url: grafanaUrl },
  ];
  const hooks = Object.entries(notify.webhookUrls).map(([severity, url]) => ({
    path: ['notify', 'webhookUrls', severity],
    url,
  }));
  return [
    ...bases.filter(({ url }) => !isBaseUrl(url)),
    ...hooks.filter(({ url }) => !/^https?:\/\//.test(url) || URL.parse(url) === null),
  ].map(({ path, url }) => ({
    path,
    message: `${withoutUser(url)} is not an http(s) address without user, query, fragment, spaces and braces; write it as https://example.com/path`,
  }));
}

/** An address that paths are appended to. Two braces would begin an action of Prometheus' templates. */
function isBaseUrl(text: string): boolean {
  if (/[\s{}"'<>\\^`|?#\p{Cc}]/u.test(text) || !/^https?:\/\//.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '';
}

/** A password must not reach a terminal or a log of CI. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//<secret>@');
}

function nameFaults({ disabledAlerts, optionalAlerts }: AlertSettings): readonly Fault[] {
  return [
    ...strangers('disabledAlerts', disabledAlerts, ALERT_NAMES),
    ...strangers('optionalAlerts', optionalAlerts, OPTIONAL_ALERTS),
  ];
}

function strangers(key: string, given: readonly string[], known: readonly string[]): readonly Fault[] {
  return given.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [{ path: [key, index], message: `"${name}" is none of the alerts: ${known.join(', ')}` }],
  );
}

const LABEL_NAME = /^[A-Za-z_]\w*$/;

function labelFaults({ dropLabels, identityLabels, severityNames, spikeCodes }: AlertSettings): readonly Fault[] {
  const labels = Object.entries({ dropLabels, identityLabels }).flatMap(([key, names]) =>
    names.flatMap((name, index) =>
      LABEL_NAME.test(name) ? [] : [{ path: [key, index], message: `"${name}" is not the name of a label` }],
    ),
  );
  const severities = Object.entries(severityNames)
    .filter(([, name]) => !/^[\w-]+$/.test(name))
    .map(([key, name]) => ({ path: ['severityNames', key], message: `"${name}" is not a word such as page` }));
  const codes = Object.entries(spikeCodes)
    .filter(([, list]) => list.length === 0 || list.some((code) => !/^[1-5]\d\d$/.test(code)))
    .map(([key, list]) => ({
      path: ['spikeCodes', key],
      message: `[${list}] is not a list of status codes such as "503"`,
    }));
  return [...labels, ...severities, ...codes];
}

/** A single bad evaluation must not decide, and no guard may be above what it guards. */
function levelFaults({ thresholds, evaluationIntervalSeconds, windowSeconds }: AlertSettings): readonly Fault[] {
  const levels = Object.entries(thresholds).flatMap(([alert, bySeverity]) =>
    Object.entries(bySeverity).map(([severity, level]) => ({ path: ['thresholds', alert, severity], level, severity })),
  );
  const waits = levels
    .filter(({ level, severity }) => severity !== 'none' && level.forSeconds < 2 * evaluationIntervalSeconds)
    .map(({ path }) => ({
      path: [...path, 'forSeconds'],
      message: `is below two evaluations (${2 * evaluationIntervalSeconds}s): one bad scrape would decide`,
    }));
  const guards = levels
    .filter(({ level }) => 'minBad' in level && 'minTotal' in level && Number(level.minBad) > Number(level.minTotal))
    .map(({ path }) => ({
      path: [...path, 'minBad'],
      message: 'is above min_total, so that one of the two says nothing',
    }));
  const windows = Object.entries(windowSeconds)
    .filter(([, seconds]) => seconds < 4 * evaluationIntervalSeconds)
    .map(([severity]) => ({
      path: ['windowSeconds', severity],
      message: `is below four evaluations (${4 * evaluationIntervalSeconds}s): one missed scrape would empty it`,
    }));
  return [...waits, ...guards, ...windows];
}
