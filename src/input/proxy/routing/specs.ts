import { readFileSync } from 'node:fs';
import { type UpstreamConfig, upstreamsOf } from '../../../config/providers.ts';
import type { ProxyConfig } from '../../../config/schema.ts';
import { retryPolicyOf } from '../retry/policy.ts';
import { throttleSettingsOf } from '../turn/settings.ts';
import { type ProxyEnvironment, proxyFor } from '../upstream/proxy-server.ts';
import type { TlsOptions } from '../upstream/tls-client.ts';
import type { KeySource } from './api-key.ts';
import type { RouteMatch } from './matcher.ts';
import type { RouteSpec } from './route.ts';

/**
 * The upstreams of a configuration with what its files and the environment say: certificates, keys, the forward proxy on the way. Throws an
 * Error for an environment that names a proxy of no use, and Node's error for a file that cannot be read any more.
 */
export function routeSpecs(proxy: ProxyConfig, env: ProxyEnvironment): RouteSpec[] {
  return upstreamsOf(proxy).map((upstream) => specOf(upstream, env));
}

function specOf(upstream: UpstreamConfig, env: ProxyEnvironment): RouteSpec {
  const { name, url, provider, tls, strip_prefix: stripPrefix } = upstream;
  return {
    ...{ name, stripPrefix },
    target: { url, provider, tls: tls && readTls(tls), proxy: proxyFor(new URL(url), env) },
    match: matchOf(upstream),
    key: keySourceOf(upstream, env),
    retry: retryPolicyOf(upstream),
    throttle: throttleSettingsOf(upstream),
  };
}

function matchOf({ match: { path_prefix: pathPrefix, host, header } }: UpstreamConfig): RouteMatch {
  return { pathPrefix, host, header: header === undefined ? undefined : headerOf(header) };
}

/** `Name: value` */
function headerOf(text: string): RouteMatch['header'] {
  const colon = text.indexOf(':');
  return { name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() };
}

function readTls({ ca_file: ca, cert_file: cert, key_file: key }: NonNullable<UpstreamConfig['tls']>): TlsOptions {
  const read = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : readFileSync(file, 'utf8');
  return { ca: read(ca), cert: read(cert), key: read(key) };
}

function keySourceOf(
  { api_key_file: file, api_key_env: name }: UpstreamConfig,
  env: ProxyEnvironment,
): KeySource | undefined {
  if (file !== undefined) return { file };
  return name === undefined ? undefined : { value: env[name] ?? '' };
}
