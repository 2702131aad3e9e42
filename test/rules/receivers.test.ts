import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { type Catalogue, loadCatalogue } from '../../src/classify/catalogue.ts';
import { type AlertRule, annotationsOf, labelsOf } from '../../src/mixin/alert.ts';
import { RECEIVER_KINDS, receivers } from '../../src/mixin/alertmanager/receivers.ts';
import { renderTemplate } from '../../src/mixin/alertmanager/template.ts';
import { ruleGroups } from '../../src/mixin/entries.ts';
import { renderAlertmanager, renderReceivers } from '../../src/mixin/pack.ts';
import { expectedFacts } from '../../src/mixin/rule-tests/expected-facts.ts';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings/settings.ts';
import { OPTIONAL_ALERTS } from '../../src/mixin/settings/thresholds.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import { eventually } from '../support/eventually.ts';
import { type Delivery, startHttpSink } from '../support/receivers/http-sink.ts';
import { type MailServer, startMailServer } from '../support/receivers/mail-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { run } from './pack.ts';

/** Group waits of minutes become a moment. */
const settings: MixinSettings = { ...defaultSettings, optionalAlerts: OPTIONAL_ALERTS, timeScale: 600 };
const catalogue = loadCatalogue();
const rules = rulesOf(catalogue).filter(({ severity }) => severity !== 'none');

function rulesOf({ causes }: Catalogue): readonly AlertRule[] {
  return ruleGroups({ settings, causes }).flatMap(({ entries }) => entries.flatMap((entry) => entry.rules));
}

describe('the receivers to copy', () => {
  const files = renderReceivers(settings, catalogue);
  for (const kind of RECEIVER_KINDS) {
    test(`${kind}: passes amtool check-config in place of those of alertmanager.yml, and tells when it is over`, async (t) => {
      const text = files.get(`alerts/alertmanager/receivers/${kind}.yml`) ?? '';
      const folder = await tempDir(t);
      const config = { ...parse(renderAlertmanager(settings, catalogue)), ...parse(text), templates: [] };
      await writeFile(join(folder, 'alertmanager.yml'), stringify(config));
      const { code, output } = await run('amtool', ['check-config', 'alertmanager.yml'], folder);
      assert.equal(code, 0, output);
      // One for each severity; the watchdog is never over.
      assert.equal(text.match(/send_resolved: true/g)?.length, 3);
      assert.doesNotMatch(text, /(password|key|api_url): /);
    });
  }
});

interface Sent {
  readonly slack: readonly Slack[];
  readonly pagerduty: readonly PagerDuty[];
  readonly opsgenie: readonly Opsgenie[];
  readonly webhook: readonly unknown[];
  readonly mails: readonly string[];
}
interface Slack {
  readonly attachments: readonly [
    {
      readonly title: string;
      readonly title_link: string;
      readonly text: string;
      readonly actions: readonly { readonly url: string }[];
    },
  ];
}
interface PagerDuty {
  readonly payload: {
    readonly summary: string;
    readonly severity: string;
    readonly custom_details: { readonly text: string };
  };
  readonly links: readonly { readonly href: string }[];
}
interface Opsgenie {
  readonly message: string;
  readonly description: string;
  readonly priority: string;
}

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** An alert of each rule as Prometheus would send it, with every label that a rule keeps. */
function alertOf(rule: AlertRule, model = 'deepseek/deepseek-v3.1'): Alert {
  const about = { cluster: 'eu-1', namespace: 'prod', job: 'gateway', instance: '10.0.0.1:9503', source: 'access.log' };
  const labels = { ...about, provider: 'novita', model, code: '503' };
  const facts = expectedFacts(settings, { labels, value: 0.4, cause: catalogue.causes.surge_protection });
  return {
    labels: { ...labels, ...labelsOf(settings, rule), alertname: rule.alert },
    annotations: { ...annotationsOf(settings, rule, facts) },
  };
}

/** A real Alertmanager that sends everything to every kind of receiver, all on loopback. */
async function startEveryKind(t: TestContext) {
  const [http, mail] = await Promise.all([startHttpSink(t), startMailServer(t)]);
  const folder = await tempDir(t);
  await writeFile(join(folder, 'slack'), `${http.url}/slack`);
  await writeFile(join(folder, 'key'), 'k');
  const { inhibit_rules: _, ...config } = parse(renderAlertmanager(settings, catalogue));
  const alertmanager = await startAlertmanager(t, {
    configuration: stringify({ ...config, receivers: everyKind(http.url, mail, folder) }),
    template: renderTemplate(settings),
  });
  return {
    async send(alerts: readonly Alert[], status: 'firing' | 'resolved' = 'firing') {
      const over = status === 'resolved' ? { endsAt: new Date(Date.now() - 1000).toISOString() } : {};
      const response = await fetch(`${alertmanager.url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts.map((alert) => ({ ...alert, ...over, generatorURL: 'http://prometheus/graph' }))),
      });
      assert.equal(response.status, 200, await response.text());
    },
    sent: () => sentBy(http.deliveries, mail),
  };
}

function everyKind(url: string, mail: MailServer, folder: string): readonly object[] {
  const here: Readonly<Record<string, object>> = {
    webhook_configs: { url: `${url}/webhook` },
    slack_configs: { api_url_file: join(folder, 'slack') },
    pagerduty_configs: { routing_key_file: join(folder, 'key'), url: `${url}/pagerduty` },
    email_configs: { smarthost: mail.address, require_tls: false, auth_username: '', auth_password_file: undefined },
    opsgenie_configs: { api_key_file: join(folder, 'key'), api_url: `${url}/opsgenie/` },
  };
  const byName = new Map<string, object>();
  for (const receiver of RECEIVER_KINDS.flatMap((kind) => receivers(settings, rules, kind))) {
    const { name } = receiver;
    const parts = Object.entries(receiver).flatMap(([part, list]) =>
      Array.isArray(list) ? [[part, list] as const] : [],
    );
    const moved = parts.map(([part, list]) => [part, [{ ...list[0], ...here[part] }]]);
    byName.set(name, { ...byName.get(name), name, ...Object.fromEntries(moved) });
  }
  return [...byName.values(), { name: 'llm-watchdog' }];
}

function sentBy(deliveries: readonly Delivery[], { mails }: MailServer): Sent {
  // Safe: what Alertmanager posts to each service, whose fields are looked at below.
  const to = <T>(path: string) =>
    deliveries.filter((delivery) => delivery.path.startsWith(path)).map(({ body }) => body as T);
  return {
    slack: to('/slack'),
    pagerduty: to('/pagerduty'),
    opsgenie: to<Opsgenie>('/opsgenie').filter(({ message }) => message !== undefined),
    webhook: to('/webhook'),
    mails,
  };
}

function assertWhole(text: string, limit: number): void {
  assert.ok(text.trim().length > 0 && text.length <= limit, `${text.length} characters of ${limit}: ${text}`);
  assert.doesNotMatch(text, /<no value>|\{\{|undefined|ZgotmplZ/);
}

describe('every alert, sent by a real Alertmanager to every kind of receiver', () => {
  let sent: Sent;
  const group = rules.filter(({ alert }) => alert === 'LLMApi503SpikeSevere');

  test('each is sent to each', async (t) => {
    const all = await startEveryKind(t);
    await all.send(rules.map((rule) => alertOf(rule)));
    await eventually(() => {
      const { webhook, slack, pagerduty, opsgenie, mails } = all.sent();
      for (const kind of [webhook, slack, pagerduty, opsgenie, mails]) assert.ok(kind.length >= groups.size);
    });
    sent = all.sent();
  });

  /** Alertmanager's groups: alerts of one name and severity. */
  const groups = new Set(rules.map(({ alert, severity }) => `${alert} ${severity}`));

  test('Slack: a short title, a text below the limit, links', () => {
    for (const { attachments } of sent.slack) {
      const [{ title, title_link: link, text, actions }] = attachments;
      assertWhole(title, 300);
      assertWhole(text, 3000);
      assert.match(text, /<https:\/\/\S+\.md\|Runbook> · <http:\S+\|Dashboard>/);
      for (const url of [link, ...actions.map((action) => action.url)]) assert.match(url, /^https?:\/\/\S+$/);
    }
  });

  test('PagerDuty: a severity that it knows, a summary below its limit, links', () => {
    for (const { payload, links } of sent.pagerduty) {
      assertWhole(payload.summary, 1024);
      assertWhole(payload.custom_details.text, 10_000);
      assert.ok(['critical', 'warning', 'info'].includes(payload.severity), payload.severity);
      for (const { href } of links) assert.match(href, /^https?:\/\/\S+$/);
      assert.equal(links.length, 2);
    }
  });

  test('Opsgenie: a message of at most 130 characters, a description with the links, a priority', () => {
    for (const { message, description, priority } of sent.opsgenie) {
      assertWhole(message, 130);
      assertWhole(description, 15_000);
      assert.match(description, /Runbook: https:\S+\.md\nDashboard: http/);
      assert.match(priority, /^P[135]$/);
    }
  });

  test('e-mail: a subject of one line, a text and a page with links', () => {
    for (const mail of sent.mails) {
      assertWhole(mail, 50_000);
      assert.match(mail, /^Subject: \S/m);
      assert.match(mail, /<a href=3D"https:/);
      assert.match(mail, /text\/plain/);
    }
  });

  test('the cause is in each that names one', () => {
    const withCause = rules.filter((rule) => alertOf(rule).annotations.cause !== undefined).length;
    const texts = sent.slack.map(({ attachments: [{ text }] }) => text);
    assert.ok(texts.filter((text) => /^Cause: \w+$/m.test(text)).length > 0 && withCause > 0);
  });

  test('a name of many characters of markup stays a name', async (t) => {
    const all = await startEveryKind(t);
    const [rule] = group;
    assert.ok(rule);
    await all.send([alertOf(rule, '<!channel>&<b>x</b>')]);
    await eventually(() => assert.ok(all.sent().mails.length > 0 && all.sent().slack.length > 0));
    const text = all.sent().slack[0]?.attachments[0].text ?? '';
    assert.match(text, /&lt;!channel&gt;&amp;/);
    assert.doesNotMatch(text, /<!channel>/);
    const page = all.sent().mails[0]?.split('text/html')[1] ?? '';
    assert.doesNotMatch(page, /<b>x/);
  });

  test('more alerts than fit are counted, and the end is told', async (t) => {
    const all = await startEveryKind(t);
    const [rule] = group;
    assert.ok(rule);
    const seven = Array.from({ length: 7 }, (_, index) => alertOf(rule, `model-${index}`));
    await all.send(seven);
    await eventually(() => assert.ok(all.sent().slack.length > 0));
    const text = all.sent().slack[0]?.attachments[0].text ?? '';
    assertWhole(text, 3000);
    assert.match(text, /7 alerts in all/);
    await all.send(seven, 'resolved');
    const resolved = () => all.sent().slack.find(({ attachments: [{ title }] }) => title.startsWith('[RESOLVED]'));
    await eventually(() => assert.match(resolved()?.attachments[0].text ?? '', /^Resolved: /));
  });
});
