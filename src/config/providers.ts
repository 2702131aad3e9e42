import { providerByName, providerFromHost } from '../provider/known.ts';
import type { Config } from './schema.ts';

/** What the exporter goes by for one value of the provider label. */
export interface ProviderSettings {
  readonly gatewayTimeoutSeconds?: number | undefined;
  /** Host of the upstream, for `llm_provider_info`; absent for providers met only in logs. */
  readonly host?: string | undefined;
  readonly models: readonly string[];
}

/** The provider label of the proxied traffic: as configured, else by the upstream's host, else the host itself. */
export function proxyProvider({ upstream, provider }: NonNullable<Config['proxy']>): string {
  const { hostname } = new URL(upstream);
  return provider ?? providerFromHost(hostname)?.name ?? hostname;
}

/** Every provider the configuration speaks of, with what is known of it where the user says nothing. */
export function providerSettings(config: Config): Readonly<Record<string, ProviderSettings>> {
  const names = [
    ...Object.keys(config.providers),
    ...(config.proxy === undefined ? [] : [proxyProvider(config.proxy)]),
    ...config.logs.map(({ provider }) => provider),
    ...(config.stdin === undefined ? [] : [config.stdin.provider]),
  ];
  return Object.fromEntries(names.map((name) => [name, settingsOf(name, config)]));
}

function settingsOf(name: string, { providers, proxy }: Config): ProviderSettings {
  const configured = providers[name];
  const timeoutMs = configured?.gateway_timeout;
  const proxied = proxy !== undefined && proxyProvider(proxy) === name;
  return {
    gatewayTimeoutSeconds: timeoutMs === undefined ? providerByName(name)?.gatewayTimeoutSeconds : timeoutMs / 1000,
    host: proxied ? new URL(proxy.upstream).hostname : providerByName(name)?.host,
    models: configured?.models ?? [],
  };
}
