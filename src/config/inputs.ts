import type { Config } from './schema.ts';
import { addressUrl, socketText } from './units.ts';

/** What a configuration has the exporter watch, for people: `proxy`, `http://127.0.0.1:8503 → https://api.novita.ai`. */
export interface InputDescription {
  readonly kind: string;
  readonly description: string;
}

export function describeInputs({ proxy, logs, stdin, push, syslog }: Config): InputDescription[] {
  return [
    ...(proxy === undefined
      ? []
      : [{ kind: 'proxy', description: `${addressUrl(proxy.listen_address)} → ${proxy.upstream}` }]),
    ...logs.map(({ file, format }) => ({ kind: 'log', description: `${file} (${format})` })),
    ...(stdin === undefined ? [] : [{ kind: 'stdin', description: `standard input (${stdin.format})` }]),
    ...(push === undefined ? [] : [{ kind: 'push', description: `POST /v1/logs (${push.format})` }]),
    ...syslog.map(({ listen, format }) => ({ kind: 'syslog', description: `${socketText(listen)} (${format})` })),
  ];
}
