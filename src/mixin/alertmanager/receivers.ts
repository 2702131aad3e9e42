import type { AlertRule } from '../alert.ts';
import type { MixinSettings } from '../settings/settings.ts';
import { SEVERITIES, type Severity } from '../settings/thresholds.ts';
import { commented, yamlFile } from '../yaml-file.ts';

export const WATCHDOG_RECEIVER = 'llm-watchdog';

export function receiverName(severity: Severity): string {
  return `llm-${severity}`;
}

/** Ways to tell somebody. Secrets are read from files, so the configuration can be shown to anyone. */
export const RECEIVER_KINDS = ['webhook', 'slack', 'pagerduty', 'email', 'opsgenie'] as const;
export type ReceiverKind = (typeof RECEIVER_KINDS)[number];

interface Kind {
  /** What to put where before it works. */
  readonly header: string;
  /** The part of a receiver of this severity, by Alertmanager's name of it. */
  readonly parts: (severity: Severity, settings: MixinSettings) => Readonly<Record<string, readonly object[]>>;
}

const KINDS: Readonly<Record<ReceiverKind, Kind>> = {
  webhook: {
    header: 'A webhook of your own. Its body: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config',
    parts: (severity, { notify }) => ({
      webhook_configs: [{ url: notify.webhookUrls[severity], send_resolved: true }],
    }),
  },
  slack: {
    header: `Slack. Put the URL of an incoming webhook into the file, and your channels below.
Alertmanager's own default for Slack is not to tell when it is over: hence send_resolved.`,
    parts: (severity) => ({
      slack_configs: [
        {
          api_url_file: '/etc/alertmanager/slack-webhook-url',
          channel: severity === 'critical' ? '#llm-pages' : '#llm-alerts',
          send_resolved: true,
          color: `{{ if eq .Status "firing" }}${SLACK_COLOURS[severity]}{{ else }}good{{ end }}`,
          title: '{{ template "llm.title" . }}',
          title_link: '{{ template "llm.link" . }}',
          text: '{{ template "llm.slack.text" . }}',
          fallback: '{{ template "llm.title" . }}',
          actions: [
            { type: 'button', text: 'Runbook', url: '{{ (index .Alerts 0).Annotations.runbook_url }}' },
            { type: 'button', text: 'Dashboard', url: '{{ (index .Alerts 0).Annotations.dashboard_url }}' },
          ],
        },
      ],
    }),
  },
  pagerduty: {
    header: `PagerDuty, Events API v2. Put the integration key of the service into the file. Critical alerts page; how loud the others are is up to
the urgency rules of the service.`,
    parts: (severity) => ({
      pagerduty_configs: [
        {
          routing_key_file: '/etc/alertmanager/pagerduty-routing-key',
          send_resolved: true,
          severity,
          class: '{{ .CommonLabels.code }}',
          component: '{{ .CommonLabels.model }}',
          group: '{{ .CommonLabels.provider }}',
          description: '{{ template "llm.title" . }}',
          details: { text: '{{ template "llm.text" . }}' },
          links: [
            { href: '{{ (index .Alerts 0).Annotations.runbook_url }}', text: 'Runbook' },
            { href: '{{ (index .Alerts 0).Annotations.dashboard_url }}', text: 'Dashboard' },
          ],
        },
      ],
    }),
  },
  email: {
    header: 'E-mail. Your mail server, its account and the addresses; the password into the file.',
    parts: (severity) => ({
      email_configs: [
        {
          to: severity === 'critical' ? 'llm-oncall@example.com' : 'llm-team@example.com',
          from: 'alertmanager@example.com',
          smarthost: 'smtp.example.com:587',
          auth_username: 'alertmanager@example.com',
          auth_password_file: '/etc/alertmanager/smtp-password',
          send_resolved: true,
          headers: { Subject: '{{ template "llm.title" . }}' },
          html: '{{ template "llm.email.html" . }}',
          text: '{{ template "llm.text" . }}',
        },
      ],
    }),
  },
  opsgenie: {
    header: `Opsgenie and what speaks its API (Jira Service Management; others by api_url). The key of the integration into the file.
The alias is Alertmanager's group, so one incident is one alert there.`,
    parts: (severity) => ({
      opsgenie_configs: [
        {
          api_key_file: '/etc/alertmanager/opsgenie-api-key',
          send_resolved: true,
          message: '{{ template "llm.title" . }}',
          description: '{{ template "llm.text" . }}',
          source: '{{ template "llm.link" . }}',
          priority: OPSGENIE_PRIORITIES[severity],
          entity: '{{ .CommonLabels.provider }}',
          tags: '{{ .CommonLabels.alertname }},{{ .CommonLabels.signal }}',
        },
      ],
    }),
  },
};

const SLACK_COLOURS: Readonly<Record<Severity, string>> = { critical: 'danger', warning: 'warning', info: '#439FE0' };
const OPSGENIE_PRIORITIES: Readonly<Record<Severity, string>> = { critical: 'P1', warning: 'P3', info: 'P5' };

/** One receiver for each severity, and one for the watchdog where there is one, whose other end is always a webhook. */
export function receivers(settings: MixinSettings, rules: readonly AlertRule[], kind: ReceiverKind = 'webhook') {
  const all = SEVERITIES.map((severity) => ({
    name: receiverName(severity),
    ...KINDS[kind].parts(severity, settings),
  }));
  const hasWatchdog = rules.some(({ alert }) => alert === 'LLMWatchdog');
  const watchdog = {
    name: WATCHDOG_RECEIVER,
    webhook_configs: [{ url: settings.notify.watchdogUrl, send_resolved: false }],
  };
  return hasWatchdog ? [...all, watchdog] : all;
}

/** `alerts/alertmanager/receivers/<kind>.yml`: the whole section `receivers`, to be put into alertmanager.yml in place of its own. */
export function receiverFiles(settings: MixinSettings, rules: readonly AlertRule[]): ReadonlyMap<string, string> {
  return new Map(
    RECEIVER_KINDS.map((kind) => [
      `alerts/alertmanager/receivers/${kind}.yml`,
      yamlFile(
        { receivers: commented(HOW_TO_MIX, receivers(settings, rules, kind)) },
        `${KINDS[kind].header}\nIn place of the section \`receivers\` of alertmanager.yml.`,
      ),
    ]),
  );
}

const HOW_TO_MIX =
  'A receiver may have parts of several kinds, and each severity another kind: take its part from there.';
