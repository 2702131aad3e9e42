import type { Catalogue } from '../../classify/catalogue.ts';
import { upstreamsOf } from '../providers.ts';
import type { Config, ProxyConfig } from '../schema.ts';
import { idleFallbackCauses } from './fallback-advice.ts';
import { openFileLimit, roomWithin } from './open-files.ts';

/** A setting that is allowed and likely to hurt: told to people, never a reason to refuse. */
export interface Advice {
  /** `proxy.timeouts.headers`. */
  readonly setting: string;
  /** What it is now and what would be right. */
  readonly message: string;
}

/** What Novita asks of every timeout on the way, and where most gateways stop waiting: https://novita.ai/docs/guides/error (503/504). */
const LONG_ENOUGH_MS = 60_000;

/** Why each timeout on the way to the first byte of an answer must leave time for a generation. */
const WAITS = {
  headers: 'a long non-streaming answer begins only when all of it is generated',
  idle: 'the first token of a stream, or one after long reasoning, may take longer',
  total: 'a long answer takes longer than that, streamed or not',
} as const;

/** Everything that is worth a warning. `catalogue`: with the user's own rules; `limit`: of the files that a process of the proxy may have open. */
export function adviceOn(config: Config, catalogue: Catalogue, limit = openFileLimit): readonly Advice[] {
  const { proxy } = config;
  if (proxy === undefined) return [];
  return [
    ...shortTimeouts(proxy),
    ...moreThanOpenFiles(proxy, limit),
    ...earlierThanGateway(proxy, config.providers),
    ...idleFallbackCauses(proxy, catalogue),
  ];
}

function shortTimeouts({ timeouts }: ProxyConfig): Advice[] {
  return (['headers', 'idle', 'total'] as const).flatMap((name) => {
    const ms = timeouts[name];
    if (ms === undefined || ms >= LONG_ENOUGH_MS) return [];
    const message = `${seconds(ms)} is below 60s: ${WAITS[name]}, and is cut off then; set it above 60s`;
    return [{ setting: `proxy.timeouts.${name}`, message }];
  });
}

/** Without a descriptor connections are closed unheard, and upstreams cannot be reached. */
function moreThanOpenFiles({ max_connections: most, workers }: ProxyConfig, limit: typeof openFileLimit): Advice[] {
  if (most === undefined) return [];
  const openFiles = limit();
  const room = roomWithin(openFiles).connections * workers;
  if (most <= room) return [];
  const message = `${most} is more than the limit of ${openFiles} open files${workers > 1 ? ' a process' : ''} leaves room for, which is ${room}: each takes two, and without one connections are closed unheard; raise the limit (ulimit -n, LimitNOFILE) or set it to ${room} at most`;
  return [{ setting: 'proxy.max_connections', message }];
}

/** Who gives up before the provider's gateway does never sees its answer. */
function earlierThanGateway(proxy: ProxyConfig, providers: Config['providers']): Advice[] {
  const proxied = new Set(upstreamsOf(proxy).map(({ provider }) => provider));
  const { headers } = proxy.timeouts;
  return Object.entries(providers).flatMap(([name, { gateway_timeout: gateway }]) => {
    if (gateway === undefined || gateway <= headers || !proxied.has(name)) return [];
    const message = `${seconds(gateway)} is above proxy.timeouts.headers, ${seconds(headers)}: answers that the provider still gives are cut off before; raise proxy.timeouts.headers`;
    return [{ setting: `providers.${name}.gateway_timeout`, message }];
  });
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
