import { identityOf, type MixinSettings, scaled } from '../settings/settings.ts';
import { SEVERITIES, type Severity } from '../settings/thresholds.ts';
import { commented, yamlFile } from '../yaml-file.ts';

const HEADER = `Alertmanager (0.25 and later) for the alerts of llm.rules.yml. Only the receivers need your hand.
To add it to a configuration you have: copy the routes, the inhibit rules, the receivers and the template.
Check: amtool check-config alertmanager.yml`;

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

export function receiverName(severity: Severity): string {
  return `llm-${severity}`;
}

/** `alerts/alertmanager/alertmanager.yml`: a route and a receiver per severity, and what mutes what. */
export function renderAlertmanager(settings: MixinSettings): string {
  return yamlFile({ templates: ['templates/*.tmpl'], ...routing(settings), ...receivers(settings) }, HEADER);
}

function routing(settings: MixinSettings) {
  const { identityLabels } = settings;
  const { groupWaitSeconds, groupIntervalSeconds, repeatSeconds } = settings.notify;
  return {
    route: {
      receiver: commented('Whatever no route below takes still reaches somebody.', receiverName('warning')),
      group_by: commented(
        'One provider outage in one environment is one notification. No label that changes: PagerDuty takes the group key for identity.',
        [...identityLabels, 'provider', 'alertname'],
      ),
      group_wait: scaled(settings, groupWaitSeconds.warning),
      group_interval: scaled(settings, groupIntervalSeconds),
      repeat_interval: scaled(settings, repeatSeconds.warning),
      routes: SEVERITIES.map((severity) => ({
        receiver: receiverName(severity),
        matchers: ['component=~"llm-(api|exporter)"', `severity="${severity}"`],
        group_wait: groupWait(settings, severity),
        repeat_interval: scaled(settings, repeatSeconds[severity]),
      })),
    },
    inhibit_rules: [
      commented(
        `What is critical mutes the milder alert on the same model and code of the same environment, so one incident is one
page. Both sides name component llm-api: a label of \`equal\` that is missing on both sides counts as equal
(alertmanager issue 507).`,
        {
          source_matchers: ['component="llm-api"', 'severity="critical"'],
          target_matchers: ['component="llm-api"', 'severity=~"warning|info"'],
          equal: identityOf(settings),
        },
      ),
    ],
  };
}

function groupWait(settings: MixinSettings, severity: Severity) {
  const text = scaled(settings, settings.notify.groupWaitSeconds[severity]);
  if (severity !== 'warning') return text;
  return commented('Long enough for the critical alert that mutes it to be here first.', text);
}

function receivers(settings: MixinSettings) {
  return {
    receivers: SEVERITIES.map((severity) => {
      const hook = { url: settings.notify.webhookUrls[severity], send_resolved: true };
      const example = EXAMPLES[severity];
      return {
        name: receiverName(severity),
        webhook_configs: example === undefined ? [hook] : commented(example, [hook]),
      };
    }),
  };
}
