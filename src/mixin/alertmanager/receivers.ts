import type { AlertRule } from '../alert.ts';
import type { MixinSettings } from '../settings/settings.ts';
import { SEVERITIES, type Severity } from '../settings/thresholds.ts';
import { commented } from '../yaml-file.ts';

export const WATCHDOG_RECEIVER = 'llm-watchdog';

export function receiverName(severity: Severity): string {
  return `llm-${severity}`;
}

const SLACK_EXAMPLE = `Slack, instead of or beside the webhook:
slack_configs:
  - api_url_file: /etc/alertmanager/slack-webhook-url
    channel: '#llm-alerts'
    send_resolved: true
    title: '{{ template "llm.title" . }}'
    title_link: '{{ template "llm.link" . }}'
    text: '{{ template "llm.text" . }}'`;

const PAGERDUTY_EXAMPLE = `PagerDuty, instead of or beside the webhook:
pagerduty_configs:
  - routing_key_file: /etc/alertmanager/pagerduty-routing-key
    send_resolved: true
    severity: '{{ .CommonLabels.severity }}'
    class: '{{ .CommonLabels.code }}'
    component: '{{ .CommonLabels.model }}'
    group: '{{ .CommonLabels.provider }}'
    description: '{{ template "llm.title" . }}'
    details:
      text: '{{ template "llm.text" . }}'
    links:
      - href: '{{ .CommonAnnotations.runbook_url }}'
        text: Runbook
      - href: '{{ .CommonAnnotations.dashboard_url }}'
        text: Dashboard`;

const EXAMPLES: Readonly<Partial<Record<Severity, string>>> = { critical: PAGERDUTY_EXAMPLE, warning: SLACK_EXAMPLE };

/** One receiver for each severity, with a webhook in it and an example beside it. */
export function receivers(settings: MixinSettings, rules: readonly AlertRule[]) {
  const { webhookUrls, watchdogUrl } = settings.notify;
  const all = SEVERITIES.map((severity) => {
    const hook = { url: webhookUrls[severity], send_resolved: true };
    const example = EXAMPLES[severity];
    return {
      name: receiverName(severity),
      webhook_configs: example === undefined ? [hook] : commented(example, [hook]),
    };
  });
  const hasWatchdog = rules.some(({ alert }) => alert === 'LLMWatchdog');
  const watchdog = { name: WATCHDOG_RECEIVER, webhook_configs: [{ url: watchdogUrl, send_resolved: false }] };
  return hasWatchdog ? [...all, watchdog] : all;
}
