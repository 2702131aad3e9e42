import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTemplate } from '../../src/mixin/alertmanager/template.ts';
import { renderAlertmanager, renderRules } from '../../src/mixin/pack.ts';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings/settings.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { startSimulator } from '../support/simulator.ts';
import { startTraffic } from '../support/traffic.ts';
import { startWebhook } from '../support/webhook.ts';

const HIT = 'deepseek/deepseek-v3';
const QUIET = 'meta/llama "3.3"';
const DEADLINE_MS = 120_000;
/** Long enough for the slowest scrape of a loaded machine to fit the shortest window more than twice. */
const TIME_SCALE = 30;

/** The shipped rules with every duration divided: nothing else differs from alerts/. */
function fastSettings(webhookUrl: string): MixinSettings {
  const webhookUrls = { critical: `${webhookUrl}critical`, warning: `${webhookUrl}warning`, info: `${webhookUrl}info` };
  return { ...defaultSettings, timeScale: TIME_SCALE, notify: { ...defaultSettings.notify, webhookUrls } };
}

test('a 503 storm becomes one page that names its cause, and one message when it is over', async (t) => {
  const webhook = await startWebhook(t);
  const settings = fastSettings(webhook.url);
  const simulator = await startSimulator(t);
  const exporter = await startExporter(t, [`--upstream=${simulator.url}`, '--provider=novita']);
  const alertmanager = await startAlertmanager(t, {
    configuration: renderAlertmanager(settings),
    template: renderTemplate(),
  });
  const prometheus = await startPrometheus(t, {
    targets: { 'llm-exporter': [new URL(exporter.webUrl).host] },
    scrapeIntervalSeconds: 0.5,
    rules: renderRules(settings),
    alertmanagerUrl: alertmanager.url,
  });
  startTraffic(t, { url: exporter.proxyUrl, models: [HIT, QUIET], requestsPerSecond: 40 });
  await eventually(async () => {
    const [served] = await prometheus.query('count(llm_requests_total{code="200"} > 50)');
    assert.ok((served?.value ?? 0) >= 2, 'no healthy traffic yet');
  }, DEADLINE_MS);
  assert.equal(webhook.notifications.length, 0);

  simulator.setFaults([{ cause: 'surge_protection', rate: 0.6, model: HIT, afterMs: 0 }]);
  await eventually(() => assert.ok(webhook.notifications.length > 0, 'nothing was sent'), DEADLINE_MS, 100);
  // The milder alert on the same model fires as well, and is held back.
  await eventually(async () => {
    const warning = (await alertmanager.alerts()).find(({ labels }) => labels.alertname === 'LLMApi503Spike');
    assert.equal(warning?.status.state, 'suppressed');
  }, DEADLINE_MS);
  const [page] = webhook.notifications;
  assert.equal(page?.status, 'firing');
  assert.equal(page?.alerts.length, 1);
  const alert = page?.alerts[0];
  assert.equal(alert?.labels.alertname, 'LLMApi503SpikeSevere');
  assert.equal(alert?.labels.severity, 'critical');
  assert.equal(alert?.labels.provider, 'novita');
  assert.equal(alert?.labels.model, HIT);
  assert.equal(alert?.labels.code, '503');
  assert.equal(alert?.annotations.cause, 'surge_protection');
  assert.match(alert?.annotations.description ?? '', /deepseek\/deepseek-v3.*503.*surge_protection/s);
  assert.match(alert?.annotations.runbook_url ?? '', /LLMApi503SpikeSevere\.md$/);

  simulator.setFaults([]);
  await eventually(
    () =>
      assert.ok(
        webhook.notifications.some(({ status }) => status === 'resolved'),
        'not resolved',
      ),
    DEADLINE_MS,
    100,
  );
  await eventually(async () => assert.deepEqual(await prometheus.alerts(), []), DEADLINE_MS, 100);
  assert.deepEqual(
    webhook.notifications.map(({ status, alerts }) => [status, alerts.map(({ labels }) => labels.alertname)]),
    [
      ['firing', ['LLMApi503SpikeSevere']],
      ['resolved', ['LLMApi503SpikeSevere']],
    ],
  );
});
