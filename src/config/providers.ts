import { providerByName, providerFromHost } from '../provider/known.ts';
import { DEFAULT_PRIORITY } from './proxy/schema-throttle.ts';
import type { Config, ProxyConfig } from './schema.ts';

/** What the exporter goes by for one value of the provider label. */
export interface ProviderSettings {
  readonly gatewayTimeoutSeconds?: number | undefined;
  /** Host of the upstream, for `llm_provider_info`; absent for providers met only in logs. */
  readonly host?: string | undefined;
  readonly models: readonly string[];
  /** Of requests that wait for their turn; absent where nobody has to. */
  readonly priorities?: readonly string[] | undefined;
}

/** One API behind the proxy, as configured. */
export type UpstreamConfig = Omit<ProxyConfig['upstreams'][number], 'provider'> & { readonly provider: string };

/** The APIs behind the proxy, in the order in which they are matched; a single one takes every request. */
export function upstreamsOf({ upstream, upstreams, ...settings }: ProxyConfig): readonly UpstreamConfig[] {
  if (upstream === undefined) return upstreams.map((one) => ({ ...one, provider: providerOf(one.url, one.provider) }));
  const { provider, upstream_tls: tls, api_key_file, api_key_env, retries, throttle } = settings;
  const label = providerOf(upstream, provider);
  const own = { tls, api_key_file, api_key_env, retries, throttle };
  return [{ name: label, url: upstream, provider: label, match: {}, strip_prefix: false, ...own }];
}

/** The provider label: as configured, else by the upstream's host, else the host itself. */
function providerOf(url: string, provider: string | undefined): string {
  const { hostname } = new URL(url);
  return provider ?? providerFromHost(hostname)?.name ?? hostname;
}

/** Every provider the configuration speaks of, with what is known of it where the user says nothing. */
export function providerSettings(config: Config): Readonly<Record<string, ProviderSettings>> {
  const names = [
    ...Object.keys(config.providers),
    ...(config.proxy === undefined ? [] : upstreamsOf(config.proxy).map(({ provider }) => provider)),
    ...config.logs.map(({ provider }) => provider),
    ...(config.stdin === undefined ? [] : [config.stdin.provider]),
  ];
  return Object.fromEntries(names.map((name) => [name, settingsOf(name, config)]));
}

function settingsOf(name: string, { providers, proxy }: Config): ProviderSettings {
  const configured = providers[name];
  const timeoutMs = configured?.gateway_timeout;
  const ofProvider = proxy === undefined ? [] : upstreamsOf(proxy).filter(({ provider }) => provider === name);
  const [proxied] = ofProvider;
  const priorities = ofProvider.flatMap(({ throttle }) =>
    throttle === undefined ? [] : [...throttle.priorities.map((priority) => priority.name), DEFAULT_PRIORITY],
  );
  return {
    gatewayTimeoutSeconds: timeoutMs === undefined ? providerByName(name)?.gatewayTimeoutSeconds : timeoutMs / 1000,
    host: proxied === undefined ? providerByName(name)?.host : new URL(proxied.url).hostname,
    models: configured?.models ?? [],
    priorities: [...new Set(priorities)],
  };
}
