import type { AlertRule } from '../alert.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { SEVERITIES, type Severity } from '../settings/thresholds.ts';
import { commented, yamlFile } from '../yaml-file.ts';
import { inhibitRules, OURS } from './inhibition.ts';
import { receiverName, receivers, WATCHDOG_RECEIVER } from './receivers.ts';

const HEADER = `Alertmanager (0.25 and later) for the alerts of llm.rules.yml. Only the receivers need your hand: for Slack, PagerDuty, e-mail and
Opsgenie take the section from receivers/.
To add it to a configuration you have: copy the routes, the inhibit rules, the receivers and the template.
Check: amtool check-config alertmanager.yml`;

/** `alerts/alertmanager/alertmanager.yml`: a route and a receiver per severity, and what mutes what. */
export function alertmanagerFile(settings: MixinSettings, rules: readonly AlertRule[]): string {
  return yamlFile(
    {
      templates: ['templates/*.tmpl'],
      route: route(settings, rules),
      inhibit_rules: inhibitRules(settings, rules).map(({ why, rule }) => commented(why, rule)),
      time_intervals: commented(OFFICE_HOURS_WHY, OFFICE_HOURS),
      receivers: receivers(settings, rules),
    },
    HEADER,
  );
}

const OFFICE_HOURS_WHY = `An example: with \`active_time_intervals: [office-hours]\` in the route of the warnings they wait for the morning. Never put it into that
of the critical ones.`;
const OFFICE_HOURS = [
  {
    name: 'office-hours',
    time_intervals: [{ weekdays: ['monday:friday'], times: [{ start_time: '08:00', end_time: '18:00' }] }],
  },
];

function route(settings: MixinSettings, rules: readonly AlertRule[]) {
  const { identityLabels, severityNames } = settings;
  const { groupWaitSeconds, groupIntervalSeconds, repeatSeconds } = settings.notify;
  return {
    receiver: commented('Whatever no route below takes still reaches somebody.', receiverName('warning')),
    group_by: commented(
      'One provider outage in one environment is one notification. No label that changes: PagerDuty takes the group key for identity.',
      [...identityLabels, 'provider', 'alertname'],
    ),
    group_wait: scaled(settings, groupWaitSeconds.warning),
    group_interval: scaled(settings, groupIntervalSeconds),
    repeat_interval: scaled(settings, repeatSeconds.warning),
    routes: [
      ...(hasWatchdog(rules) ? [watchdogRoute(settings)] : []),
      ...SEVERITIES.map((severity) => ({
        receiver: receiverName(severity),
        matchers: [OURS, `severity="${severityNames[severity]}"`],
        group_wait: groupWait(settings, severity),
        repeat_interval: scaled(settings, repeatSeconds[severity]),
      })),
    ],
  };
}

function hasWatchdog(rules: readonly AlertRule[]): boolean {
  return rules.some(({ alert }) => alert === 'LLMWatchdog');
}

/** Sent again and again: its receiver pages when it stops coming. */
function watchdogRoute(settings: MixinSettings) {
  return {
    receiver: commented('Fires always: the other end must page when it stops coming.', WATCHDOG_RECEIVER),
    matchers: ['alertname="LLMWatchdog"'],
    group_wait: '0s',
    group_interval: scaled(settings, settings.notify.watchdogSeconds),
    repeat_interval: scaled(settings, settings.notify.watchdogSeconds),
  };
}

function groupWait(settings: MixinSettings, severity: Severity) {
  const text = scaled(settings, settings.notify.groupWaitSeconds[severity]);
  if (severity !== 'warning') return text;
  return commented('Long enough for the critical alert that mutes it to be here first.', text);
}
