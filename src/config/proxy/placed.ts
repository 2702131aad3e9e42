import type { Path } from '../../yaml-source.ts';
import { type UpstreamConfig, upstreamsOf } from '../providers.ts';
import type { ProxyConfig } from '../schema.ts';

/** An upstream, and where its settings stand. */
export interface PlacedUpstream {
  readonly upstream: UpstreamConfig;
  readonly path: Path;
  /** Where its TLS settings stand: a single upstream has them under a name of their own. */
  readonly tlsPath: Path;
}

/** The upstreams of a proxy in their order. */
export function placedUpstreams(proxy: ProxyConfig): readonly PlacedUpstream[] {
  const isSingle = proxy.upstream !== undefined;
  return upstreamsOf(proxy).map((upstream, at) => {
    const path = isSingle ? ['proxy'] : ['proxy', 'upstreams', at];
    return { upstream, path, tlsPath: [...path, isSingle ? 'upstream_tls' : 'tls'] };
  });
}
