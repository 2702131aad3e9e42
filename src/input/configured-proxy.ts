import { readFileSync } from 'node:fs';
import { DEFAULT_CONNECTIONS, openFileLimit, roomWithin } from '../config/proxy/open-files.ts';
import type { ProxyConfig } from '../config/schema.ts';
import type { ListenAddress } from '../config/units.ts';
import { createProxy, type ProxyOptions, type ProxySettings, type ProxyTimeouts } from './proxy/proxy.ts';
import { routeSpecs } from './proxy/routing/specs.ts';
import { ALONE, type Share, shareOf } from './proxy/workers/share.ts';

/** Where keys and forward proxies may be named. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy as the configuration has it: in this process, or in several. */
export interface ConfiguredProxy {
  /** Rejects with Node's error (EADDRINUSE, EACCES). */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /** Requests under way are not interrupted. */
  reconfigure(proxy: ProxyConfig): void;
  /** No new requests; resolves when the running ones have ended or `deadlineMs` has passed. */
  drain(deadlineMs: number): Promise<void>;
  /** Ends at once; all is counted once this has resolved. */
  close(): Promise<void>;
}

export interface ConfiguredProxyOptions extends Pick<ProxyOptions, 'sink' | 'clock' | 'log' | 'shared'> {
  readonly config: ProxyConfig;
  readonly env: Environment;
  /** Which part of the limits is this process's own. */
  readonly share?: Share;
}

/** A proxy in this process. Throws Node's error for a file that cannot be read any more. */
export function createConfiguredProxy({
  config,
  env,
  share = ALONE,
  ...context
}: ConfiguredProxyOptions): ConfiguredProxy {
  const proxy = createProxy({ ...proxySettings(config, env, share), timeouts: timeoutsOf(config), ...context });
  return {
    listen: proxy.listen.bind(proxy),
    reconfigure: (next) => proxy.reconfigure(proxySettings(next, env, share)),
    drain: proxy.drain.bind(proxy),
    close: proxy.close.bind(proxy),
  };
}

/** Throws an Error for an environment that names a proxy of no use, and Node's error for a file that cannot be read. */
export function proxySettings(proxy: ProxyConfig, env: Environment, share: Share = ALONE): ProxySettings {
  return {
    upstreams: routeSpecs(proxy, env),
    maxRequestBytes: proxy.max_request,
    ...connectionsOf(proxy, share),
    hasCauseHeader: proxy.cause_header,
    tls: proxy.tls && { cert: readFileSync(proxy.tls.cert_file), key: readFileSync(proxy.tls.key_file) },
  };
}

function connectionsOf(
  { max_connections: most }: ProxyConfig,
  share: Share,
): Pick<ProxySettings, 'maxConnections' | 'maxSurplusConnections'> {
  const room = roomWithin(openFileLimit());
  // A reload may ask for fewer than there are processes, which only a restart changes.
  const part = Math.max(1, shareOf(most ?? DEFAULT_CONNECTIONS, share));
  return {
    maxConnections: most === undefined ? Math.min(part, room.connections) : part,
    maxSurplusConnections: room.surplus,
  };
}

function timeoutsOf({ timeouts: { connect, headers, idle, total, request } }: ProxyConfig): ProxyTimeouts {
  return { connectMs: connect, headersMs: headers, idleMs: idle, totalMs: total, requestMs: request };
}
