import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { startApp } from '../app.ts';
import { readBuildInfo } from '../build-info.ts';
import type { Clock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import { addressUrl } from '../config/units.ts';
import type { Log } from '../log.ts';
import { renderTemplate } from '../mixin/alertmanager/template.ts';
import { renderAlertmanager, renderRules } from '../mixin/pack.ts';
import { defaultSettings, type MixinSettings } from '../mixin/settings/settings.ts';
import type { Address } from '../simulate/listen.ts';
import { createSimulator, type Simulator } from '../simulate/simulator.ts';
import { startAlertmanager } from './alertmanager.ts';
import { type Cleanup, createCleanup } from './cleanup.ts';
import { freePort } from './program/http-program.ts';
import { startPrometheus } from './prometheus.ts';
import { DEMO_MODELS } from './traffic.ts';
import { createWebhookReceiver, type Notification } from './webhook.ts';

/** Rules of minutes pass in seconds: a page within a minute, its end a minute and a half after the incident. */
export const TIME_SCALE = 20;

/** Label of what the demo proxies to. */
const PROVIDER = 'simulated';
const LOOPBACK = '127.0.0.1';
/** Taken when they are free, so that the addresses are those of the documentation. */
const PORTS = { simulator: 8504, proxy: 8503, web: 9503, prometheus: 9090, alertmanager: 9093, webhook: 5001 } as const;
/** Slow enough that latencies look like those of a model. */
const PACE = { latencyMs: 150, tokensPerSecond: 100 } as const;

export interface StackOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent: no alerts. */
  readonly programs: Programs | undefined;
  readonly onNotification: (notification: Notification) => void;
}

/** Paths of the two programs. */
export interface Programs {
  readonly prometheus: string;
  readonly alertmanager: string;
}

/** Everything the demo runs. */
export interface Stack {
  readonly simulator: Simulator;
  readonly simulatorUrl: string;
  readonly proxyUrl: string;
  readonly webUrl: string;
  readonly prometheusUrl: string | undefined;
  readonly alertmanagerUrl: string | undefined;
  /** Ends every program and removes every file. */
  close(): Promise<void>;
}

/** Starts the simulated API, the exporter and, given the programs, Prometheus and Alertmanager with the shipped rules. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const cleanup = createCleanup();
  try {
    const simulator = createSimulator({ clock: options.clock, models: DEMO_MODELS, ...PACE });
    cleanup.add(() => simulator.close());
    const simulatorUrl = addressUrl(await simulator.listen(await freeAddress(PORTS.simulator)));
    const exporter = await startExporter(options, simulatorUrl, cleanup);
    const monitoring = await startMonitoring(options, exporter.webUrl, cleanup);
    return { simulator, simulatorUrl, ...exporter, ...monitoring, close: () => cleanup.run() };
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function startExporter({ clock, log, env }: StackOptions, upstream: string, cleanup: Cleanup) {
  const proxyPort = await freePort(PORTS.proxy);
  const webPort = await freePort(PORTS.web);
  const settings = {
    proxy: { upstream, provider: PROVIDER, listen_address: `${LOOPBACK}:${proxyPort}` },
    web: { listen_address: `${LOOPBACK}:${webPort}` },
    providers: { [PROVIDER]: { models: [...DEMO_MODELS], gateway_timeout: '60s' } },
    // Its Prometheus begins anew, too.
    state: { sync: 'off' },
  };
  const overrides = Object.entries(settings).map(([key, value]) => ({ flag: key, path: [key], value }));
  const load = () => loadConfig({ overrides });
  const app = await startApp({ load, clock, log, build: readBuildInfo(env), stdin: Readable.from([]) });
  cleanup.add(() => app.close());
  return { proxyUrl: `http://${LOOPBACK}:${proxyPort}`, webUrl: addressUrl(app.webAddress) };
}

async function startMonitoring(options: StackOptions, webUrl: string, cleanup: Cleanup) {
  const { programs, clock, onNotification } = options;
  if (programs === undefined) return { prometheusUrl: undefined, alertmanagerUrl: undefined };
  const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-demo-'));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const receiver = createWebhookReceiver(onNotification);
  cleanup.add(() => receiver.close());
  const settings = demoSettings(addressUrl(await receiver.listen(await freeAddress(PORTS.webhook))));
  const alertmanager = await startAlertmanager({
    program: programs.alertmanager,
    folder,
    clock,
    preferredPort: PORTS.alertmanager,
    configuration: renderAlertmanager(settings),
    template: renderTemplate(),
  });
  cleanup.add(() => alertmanager.stop());
  const prometheus = await startPrometheus({
    program: programs.prometheus,
    folder,
    clock,
    preferredPort: PORTS.prometheus,
    targets: { 'llm-exporter': [new URL(webUrl).host] },
    scrapeIntervalSeconds: settings.scrapeIntervalSeconds / settings.timeScale,
    rules: renderRules(settings),
    alertmanagerUrl: alertmanager.url,
  });
  cleanup.add(() => prometheus.stop());
  return { prometheusUrl: prometheus.url, alertmanagerUrl: alertmanager.url };
}

function demoSettings(webhookUrl: string): MixinSettings {
  const webhookUrls = { critical: webhookUrl, warning: webhookUrl, info: webhookUrl };
  return { ...defaultSettings, timeScale: TIME_SCALE, notify: { ...defaultSettings.notify, webhookUrls } };
}

async function freeAddress(preferredPort: number): Promise<Address> {
  return { host: LOOPBACK, port: await freePort(preferredPort) };
}
