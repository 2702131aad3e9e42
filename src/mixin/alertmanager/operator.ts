import type { AlertRule } from '../alert.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { SEVERITIES } from '../settings/thresholds.ts';
import { commented, yamlFile } from '../yaml-file.ts';
import { inhibitRules, OURS } from './inhibition.ts';
import { receiverName, WATCHDOG_RECEIVER } from './receivers.ts';

const HEADER = `For the Prometheus Operator: routes, receivers and what mutes what as an object of one namespace.
Beware: the operator adds the matcher namespace="<that of this object>" to every route and inhibit rule, so alerts without that label, or
from other namespaces, pass by (prometheus-operator issue 3737). Our rules keep \`namespace\`; where Prometheus does not put it on the
targets, set alertmanagerConfigMatcherStrategy: {type: None} in your Alertmanager object.
Receivers: put your own kind in place of the webhooks; the operator's fields are those of receivers/*.yml in camel case, and its secrets
are references to Secrets. The templates of llm.tmpl work only where the Alertmanager object mounts them.`;

/** `alerts/profiles/alertmanager-config.yml`: the table of alertmanager.yml as a Kubernetes object. */
export function alertmanagerConfigFile(settings: MixinSettings, rules: readonly AlertRule[]): string {
  return yamlFile(
    {
      apiVersion: 'monitoring.coreos.com/v1alpha1',
      kind: 'AlertmanagerConfig',
      metadata: { name: 'llm-exporter', labels: { 'app.kubernetes.io/name': 'llm-exporter' } },
      spec: {
        route: route(settings, hasWatchdog(rules)),
        inhibitRules: inhibitRules(settings, rules).map(({ why, rule }) =>
          commented(why, {
            sourceMatch: rule.source_matchers.map(matcher),
            targetMatch: rule.target_matchers.map(matcher),
            equal: rule.equal,
          }),
        ),
        receivers: receivers(settings, hasWatchdog(rules)),
      },
    },
    HEADER,
  );
}

function hasWatchdog(rules: readonly AlertRule[]): boolean {
  return rules.some(({ alert }) => alert === 'LLMWatchdog');
}

function route(settings: MixinSettings, watchdog: boolean) {
  const { identityLabels, severityNames, notify } = settings;
  const { groupWaitSeconds, groupIntervalSeconds, repeatSeconds, watchdogSeconds } = notify;
  const bySeverity = SEVERITIES.map((severity) => ({
    receiver: receiverName(severity),
    matchers: [OURS, `severity="${severityNames[severity]}"`].map(matcher),
    groupWait: scaled(settings, groupWaitSeconds[severity]),
    repeatInterval: scaled(settings, repeatSeconds[severity]),
  }));
  const ofWatchdog = {
    receiver: WATCHDOG_RECEIVER,
    matchers: [matcher('alertname="LLMWatchdog"')],
    groupWait: '0s',
    groupInterval: scaled(settings, watchdogSeconds),
    repeatInterval: scaled(settings, watchdogSeconds),
  };
  return {
    receiver: receiverName('warning'),
    groupBy: [...identityLabels, 'provider', 'alertname'],
    groupWait: scaled(settings, groupWaitSeconds.warning),
    groupInterval: scaled(settings, groupIntervalSeconds),
    repeatInterval: scaled(settings, repeatSeconds.warning),
    routes: watchdog ? [ofWatchdog, ...bySeverity] : bySeverity,
  };
}

function receivers({ notify }: MixinSettings, watchdog: boolean) {
  const all = SEVERITIES.map((severity) => ({
    name: receiverName(severity),
    webhookConfigs: [{ url: notify.webhookUrls[severity], sendResolved: true }],
  }));
  const other = { name: WATCHDOG_RECEIVER, webhookConfigs: [{ url: notify.watchdogUrl, sendResolved: false }] };
  return watchdog ? [...all, other] : all;
}

/** `severity=~"warning|info"` in the operator's words. */
function matcher(text: string) {
  const [, name = '', matchType = '', value = ''] = /^(\w+)(=~|=)"(.*)"$/.exec(text) ?? [];
  if (name === '') throw new Error(`no matcher: ${text}`);
  return { name, matchType, value };
}
