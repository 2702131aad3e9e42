import type { Problem } from '../../problem.ts';
import type { Path, YamlSource } from '../../yaml-source.ts';
import type { UpstreamConfig } from '../providers.ts';
import type { ProxyConfig } from '../schema.ts';
import { reaches } from '../units.ts';
import { type PlacedUpstream, placedUpstreams } from './placed.ts';

interface Fault {
  readonly code: string;
  readonly path: Path;
  readonly message: string;
}

/** What no single setting of a proxy shows. */
export function proxyContradictions(proxy: ProxyConfig, { placeOf }: Pick<YamlSource, 'placeOf'>): Problem[] {
  return faultsOf(proxy).map(({ code, path, message }) => ({
    code,
    ...placeOf(path),
    message: `${path.join('.')}: ${message}`,
  }));
}

function faultsOf(proxy: ProxyConfig): Fault[] {
  const { upstream, upstreams } = proxy;
  if (upstream === undefined && upstreams.length === 0) {
    const message = 'needs upstream, the URL of an API such as https://api.novita.ai, or a list of upstreams';
    return [{ code: 'config.upstreams', path: ['proxy'], message }];
  }
  if (upstream !== undefined && upstreams.length > 0) {
    const message = 'has both upstream and upstreams: it is one or the other';
    return [{ code: 'config.upstreams', path: ['proxy'], message }];
  }
  const all = placedUpstreams(proxy);
  return [
    ...fewConnections(proxy),
    ...uselessForMany(proxy),
    ...all.flatMap((placed, at) => [...namedTwice(placed, all.slice(0, at)), ...unreachable(placed, all, at)]),
    ...all.flatMap((placed) => [...twoKeys(placed), ...nothingToStrip(placed), ...badFallback(placed, all)]),
    ...all.flatMap((placed) => itself(placed, proxy)),
  ];
}

/** Each process has a part of the connections. */
function fewConnections({ workers, max_connections: most }: ProxyConfig): Fault[] {
  if (most === undefined || most >= workers) return [];
  const message = `${most} is below workers, which is ${workers}: each of them needs at least one`;
  return [{ code: 'config.workers', path: ['proxy', 'max_connections'], message }];
}

/** Settings that speak of the one upstream say nothing where there are several. */
function uselessForMany(proxy: ProxyConfig): Fault[] {
  if (proxy.upstream !== undefined) return [];
  const single = ['provider', 'upstream_tls', 'api_key_file', 'api_key_env', 'retries', 'throttle'] as const;
  return single
    .filter((name) => proxy[name] !== undefined)
    .map((name) => ({
      code: 'config.upstreams',
      path: ['proxy', name],
      message: `is for a single upstream; with upstreams it belongs to each of them${name === 'upstream_tls' ? ', as tls' : ''}`,
    }));
}

function namedTwice({ upstream: { name }, path }: PlacedUpstream, before: readonly PlacedUpstream[]): Fault[] {
  if (before.every(({ upstream }) => upstream.name !== name)) return [];
  const message = `an upstream named "${name}" is there already`;
  return [{ code: 'config.duplicate_upstream', path: [...path, 'name'], message }];
}

/** An upstream that only retries go to needs no match of its own. */
function unreachable({ upstream, path }: PlacedUpstream, all: readonly PlacedUpstream[], at: number): Fault[] {
  const cover = all.slice(0, at).find((before) => covers(before.upstream.match, upstream.match));
  const isFallback = all.some(({ upstream: { retries } }) => retries?.fallback?.upstream === upstream.name);
  if (cover === undefined || isFallback) return [];
  const message = `no request gets here: "${cover.upstream.name}" stands before it and takes all that would match`;
  return [{ code: 'config.unreachable_upstream', path, message }];
}

type Match = UpstreamConfig['match'];

/** Whether every request that fits `match` fits `wider`, too. */
function covers(wider: Match, match: Match): boolean {
  const folder = (path = '') => `${path.replace(/\/+$/, '')}/`;
  return (
    folder(match.path_prefix).startsWith(folder(wider.path_prefix)) &&
    (wider.host === undefined || wider.host.toLowerCase() === match.host?.toLowerCase()) &&
    (wider.header === undefined || wider.header === match.header)
  );
}

/** Each request would come back as another, until connections run out. */
function itself({ upstream, path }: PlacedUpstream, proxy: ProxyConfig): Fault[] {
  const { listen_address: own } = proxy;
  const { hostname, port, protocol } = new URL(upstream.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const byScheme = protocol === 'https:' ? 443 : 80;
  const address = { host, port: port === '' ? byScheme : Number(port) };
  if (!reaches(address, own)) return [];
  const message = `${upstream.url} is this proxy itself: each request would come back to it`;
  return [
    { code: 'config.upstream_itself', path: [...path, proxy.upstream === undefined ? 'url' : 'upstream'], message },
  ];
}

function twoKeys({ upstream, path }: PlacedUpstream): Fault[] {
  if (upstream.api_key_file === undefined || upstream.api_key_env === undefined) return [];
  const message = 'there is api_key_file, too: the key is in one place or the other';
  return [{ code: 'config.two_keys', path: [...path, 'api_key_env'], message }];
}

function nothingToStrip({ upstream, path }: PlacedUpstream): Fault[] {
  if (!upstream.strip_prefix || upstream.match.path_prefix !== undefined) return [];
  return [{ code: 'config.strip_prefix', path: [...path, 'strip_prefix'], message: 'needs match.path_prefix' }];
}

function badFallback({ upstream, path }: PlacedUpstream, all: readonly PlacedUpstream[]): Fault[] {
  const fallback = upstream.retries?.fallback;
  if (fallback === undefined) return [];
  const at = [...path, 'retries', 'fallback'];
  const { upstream: name, model } = fallback;
  if (name === undefined && model === undefined) {
    return [{ code: 'config.fallback', path: at, message: 'needs an upstream, a model, or both' }];
  }
  const names = all.map((other) => other.upstream.name);
  if (name === undefined || (names.includes(name) && name !== upstream.name)) return [];
  const others = [...new Set(names)].filter((other) => other !== upstream.name);
  const known = others.length === 0 ? 'there is no other' : `there are ${others.join(', ')}`;
  const message =
    name === upstream.name ? `"${name}" is this upstream itself; ${known}` : `no upstream is named "${name}"; ${known}`;
  return [{ code: 'config.fallback', path: [...at, 'upstream'], message }];
}
