import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';
import { NGINX_VARIABLES } from './nginx.ts';

/** https://caddyserver.com/docs/logging. It logs headers: only the one that may name a model is looked at. */
export const CADDY: LogFormat = {
  title: 'Caddy',
  layout: { kind: 'json' },
  signs: ['logger', 'request.uri', 'status'],
  mixed: true,
  fields: fieldMap({
    time: ['ts'],
    code: ['status'],
    duration: ['duration'],
    model: ['model', 'llm_model', 'request.headers.X-Model', 'request.headers.X-Llm-Model'],
    path: ['request.uri'],
    method: ['request.method'],
    request_id: ['uuid', 'request_id', 'request.headers.X-Request-Id'],
  }),
  durationUnit: 's',
  // Before https://github.com/caddyserver/caddy/pull/7827 the client left and nothing was sent: 0.
  codes: { '0': 499 },
  marks: [
    // Says why a request failed, whose access line says that it did.
    { at: 'logger', is: /^http\.log\.error/, means: { filtered: true } },
  ],
};

/** https://doc.traefik.io/traefik/observe/logs-and-access-logs/. A header that is kept is called request_NAME. */
export const TRAEFIK: LogFormat = {
  title: 'Traefik JSON',
  layout: { kind: 'json' },
  signs: ['DownstreamStatus'],
  mixed: true,
  fields: fieldMap({
    time: ['StartUTC', 'StartLocal', 'time'],
    code: ['DownstreamStatus'],
    duration: ['Duration'],
    model: ['request_X-Model', 'request_X-Llm-Model', 'downstream_X-Model', 'origin_X-Model'],
    path: ['RequestPath'],
    method: ['RequestMethod'],
    request_id: ['request_X-Request-Id', 'downstream_X-Request-Id'],
    upstream_code: ['OriginStatus'],
  }),
  durationUnit: 'ns',
  timeIsStart: true,
};

/** Traefik's default, common with more behind it. It is only written as text when nobody asked for JSON. */
export const TRAEFIK_TEXT: LogFormat = {
  title: 'Traefik common',
  layout: {
    kind: 'text',
    escape: 'none',
    templates: [
      '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the template's own braces
        '$request_count "$router" "$server_url" ${duration}ms',
    ],
  },
  fields: fieldMap({ ...NGINX_VARIABLES, duration: ['duration'], request_id: [] }),
  durationUnit: 'ms',
  timeIsStart: true,
  upstream: 'server_url',
};

/** https://developer.konghq.com/plugins/file-log/ and https://developer.konghq.com/ai-gateway/ai-audit-log-reference/ */
export const KONG: LogFormat = {
  title: 'Kong',
  layout: { kind: 'json' },
  signs: ['latencies', 'response.status', 'started_at'],
  mixed: true,
  fields: fieldMap({
    time: ['started_at'],
    code: ['response.status'],
    duration: ['latencies.request'],
    model: [
      'ai.proxy.meta.request_model',
      'ai.ai-proxy.meta.request_model',
      'ai.ai-proxy-advanced.meta.request_model',
      'ai.proxy.meta.response_model',
      'request.headers.x-model',
    ],
    path: ['request.uri', 'upstream_uri'],
    method: ['request.method'],
    request_id: ['request.id', 'request.headers.x-request-id', 'response.headers.x-kong-request-id'],
    input_tokens: ['ai.proxy.usage.prompt_tokens', 'ai.ai-proxy.usage.prompt_tokens'],
    output_tokens: ['ai.proxy.usage.completion_tokens', 'ai.ai-proxy.usage.completion_tokens'],
    first_token: ['ai.proxy.usage.time_to_first_token', 'ai.ai-proxy.usage.time_to_first_token'],
    upstream_code: ['upstream_status'],
  }),
  durationUnit: 'ms',
  timeIsStart: true,
  marks: [
    // Kong never got to an upstream, so the answer is its own.
    {
      at: 'latencies.proxy',
      is: '-1',
      beside: [400, 401, 403, 404, 413, 429, 500, 502, 503, 504],
      means: { origin: 'edge' },
    },
  ],
};
