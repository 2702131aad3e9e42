import { type UpstreamConfig, upstreamsOf } from './providers.ts';
import type { Config, ProxyConfig } from './schema.ts';
import { addressUrl, socketText } from './units.ts';

/** What a configuration has the exporter watch, for people: `proxy`, `http://127.0.0.1:8503 → https://api.novita.ai`. */
export interface InputDescription {
  readonly kind: string;
  readonly description: string;
}

export function describeInputs({ proxy, logs, stdin, push, syslog }: Config): InputDescription[] {
  return [
    ...(proxy === undefined ? [] : upstreamsOf(proxy).map((upstream) => describeUpstream(proxy, upstream))),
    ...logs.map(({ file, format }) => ({ kind: 'log', description: `${file} (${format})` })),
    ...(stdin === undefined ? [] : [{ kind: 'stdin', description: `standard input (${stdin.format})` }]),
    ...(push === undefined ? [] : [{ kind: 'push', description: `POST /v1/logs (${push.format})` }]),
    ...syslog.map(({ listen, format }) => ({ kind: 'syslog', description: `${socketText(listen)} (${format})` })),
  ];
}

/** In the order in which they are matched. A header's value is not told: it may be a key. */
function describeUpstream(
  { listen_address, tls }: ProxyConfig,
  { url, match: { path_prefix = '', host, header } }: UpstreamConfig,
): InputDescription {
  const conditions = [
    host === undefined ? '' : ` for host ${host}`,
    header === undefined ? '' : ` with header ${header.split(':', 1)[0]}`,
  ];
  const own = addressUrl(listen_address, tls === undefined ? 'http' : 'https');
  return { kind: 'proxy', description: `${own}${path_prefix}${conditions.join('')} → ${url}` };
}
