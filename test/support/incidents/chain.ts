import type { TestContext } from 'node:test';
import type { Notification } from '../../../src/demo/webhook.ts';
import { renderTemplate } from '../../../src/mixin/alertmanager/template.ts';
import { renderAlertmanager, renderRules } from '../../../src/mixin/pack.ts';
import { defaultSettings, type MixinSettings } from '../../../src/mixin/settings/settings.ts';
import { startAlertmanager } from '../alertmanager.ts';
import { startPrometheus } from '../prometheus.ts';
import { startWebhook } from '../webhook.ts';
import { TIME_SCALE } from './time-scale.ts';

/** Prometheus, Alertmanager and a receiver with the shipped rules and configuration, in a hurry. */
export interface Chain {
  /** What has been sent so far, oldest first. */
  readonly notifications: readonly Notification[];
  /** What fires now, muted or not. */
  firing(): Promise<readonly Labels[]>;
  /** Requests that Prometheus knows of. */
  requestsSeen(of: { readonly job: string; readonly model?: string }): Promise<number>;
}

type Labels = Readonly<Record<string, string>>;

/** Starts the three, with the jobs' addresses to scrape; all end with the test. */
export async function startChain(t: TestContext, targets: Readonly<Record<string, readonly string[]>>): Promise<Chain> {
  const webhook = await startWebhook(t);
  const settings = fastSettings(webhook.url);
  const alertmanager = await startAlertmanager(t, {
    configuration: renderAlertmanager(settings),
    template: renderTemplate(settings),
  });
  t.diagnostic(`a minute of the rules takes ${60 / TIME_SCALE} s`);
  const prometheus = await startPrometheus(t, {
    targets,
    // As far apart as in the shipped settings: four in the shortest window.
    scrapeIntervalSeconds: settings.scrapeIntervalSeconds / TIME_SCALE,
    rules: renderRules(settings),
    alertmanagerUrl: alertmanager.url,
  });
  return {
    notifications: webhook.notifications,
    firing: async () =>
      (await prometheus.alerts()).filter(({ state }) => state === 'firing').map(({ labels }) => labels),
    async requestsSeen(of) {
      const matchers = Object.entries(of).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
      return (await prometheus.query(`sum(llm_requests_total{${matchers}})`))[0]?.value ?? 0;
    },
  };
}

/** Windows that are so much shorter see fewer requests, or this machine would have to make thousands: guards count a third. */
const GUARD_SCALE = 3;

function fastSettings(webhookUrl: string): MixinSettings {
  const webhookUrls = { critical: webhookUrl, warning: webhookUrl, info: webhookUrl };
  return {
    ...defaultSettings,
    timeScale: TIME_SCALE,
    thresholds: smallerGuards(defaultSettings.thresholds),
    notify: { ...defaultSettings.notify, webhookUrls },
    // The slow burn is a ticket an hour after the page. How busy this machine and its disk are, is not what is tried here.
    disabledAlerts: ['LLMErrorBudgetBurnSlow', 'LLMExporterBackpressure', 'LLMStateNotWritten'],
  };
}

function smallerGuards<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    typeof field === 'number' && /^(min(Bad|Total|Before)|maxTotal)$/.test(name)
      ? Math.ceil(field / GUARD_SCALE)
      : smallerGuards(field),
  ]);
  return Object.fromEntries(fields) as T; // Safe: the same fields, numbers where there were numbers.
}
