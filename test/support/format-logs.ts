import { readFileSync } from 'node:fs';
import type { LineFormat } from '../../src/config/schema-lines.ts';

/** One log of the fixtures: `test/fixtures/logs/NAME.log`, and what it is read as. */
export interface FormatLog {
  readonly name: string;
  readonly format: LineFormat;
  readonly logFormat?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Its lines are no JSON: the text of `nginx-text.log`, as nginx.conf has it. */
const NGINX_TEXT = `log_format llm '$remote_addr [$time_local] "$request" $status rt=$request_time '
                 'us=$upstream_status urt=$upstream_response_time uht=$upstream_header_time '  # of the API
                 'uct=$upstream_connect_time addr=$upstream_addr model="$llm_model" id=$request_id';`;

/** Keys that mislead: what counts is the variable. */
const NGINX_OWN_JSON = `escape=json '{"at":"$msec","call":{"what":"$request","result":$status},"took_ms":$request_time,'
  '"backend":"$upstream_status","backend_head":"$upstream_header_time","m":"$llm_model","who":"$request_id"}'`;

export const FORMAT_LOGS: readonly FormatLog[] = [
  { name: 'combined', format: 'combined' },
  { name: 'nginx-text', format: 'nginx', logFormat: NGINX_TEXT },
  { name: 'nginx-own-json', format: 'nginx', logFormat: NGINX_OWN_JSON },
  { name: 'nginx-json', format: 'nginx-json' },
  { name: 'nginx-error', format: 'nginx-error' },
  { name: 'ingress-nginx', format: 'ingress-nginx' },
  { name: 'envoy', format: 'envoy' },
  { name: 'istio', format: 'istio' },
  { name: 'envoy-json', format: 'envoy-json' },
  { name: 'haproxy', format: 'haproxy', fields: { model: 'captured_request.0' } },
  { name: 'caddy', format: 'caddy' },
  { name: 'traefik', format: 'traefik' },
  { name: 'alb', format: 'alb' },
  { name: 'kong', format: 'kong' },
  { name: 'litellm', format: 'litellm' },
  { name: 'uvicorn', format: 'uvicorn' },
  { name: 'otlp', format: 'otlp' },
  { name: 'pino', format: 'pino' },
  { name: 'structlog', format: 'structlog' },
  { name: 'json', format: 'json' },
  { name: 'docker', format: 'auto' },
  { name: 'cri', format: 'auto' },
];

export const LOG_FIXTURES = new URL('../fixtures/logs/', import.meta.url);

/** The lines of one log, without their ends. */
export function linesOf(name: string): readonly Buffer[] {
  const lines = readFileSync(new URL(`${name}.log`, LOG_FIXTURES), 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => Buffer.from(line));
}
