import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';

/** Envoy writes 0 where there was no answer: the client had left, unless the flags know better (`../../fields/flags.ts`). */
const CODES = { '0': 499 } as const;

const TEXT_FIELDS = fieldMap({
  time: ['start_time'],
  code: ['response_code'],
  duration: ['duration'],
  path: ['request'],
  method: ['request'],
  request_id: ['request_id'],
  flags: ['response_flags'],
  details: ['response_code_details'],
  error_message: ['upstream_transport_failure_reason'],
});

const BOTH = { durationUnit: 'ms', timeIsStart: true, codes: CODES, upstream: 'upstream_host' } as const;

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#default-format-string */
export const ENVOY: LogFormat = {
  title: 'Envoy',
  layout: {
    kind: 'text',
    escape: 'none',
    templates: [
      '[$start_time] "$request" $response_code $response_flags $bytes_received $bytes_sent $duration ' +
        '$upstream_service_time "$x_forwarded_for" "$user_agent" "$request_id" "$authority" "$upstream_host"',
    ],
    // `[2026-09-02 00:31:44.250][1][info][main] …`, Envoy's log of itself.
    others: [/^\[\d{4}-\d\d-\d\d [\d:.]+\]\[/],
  },
  fields: TEXT_FIELDS,
  ...BOTH,
};

/** https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format */
export const ISTIO: LogFormat = {
  title: 'Istio',
  layout: {
    kind: 'text',
    escape: 'none',
    templates: [
      '[$start_time] "$request" $response_code $response_flags $response_code_details $connection_termination_details ' +
        '"$upstream_transport_failure_reason" $bytes_received $bytes_sent $duration $upstream_service_time ' +
        '"$x_forwarded_for" "$user_agent" "$request_id" "$authority" "$upstream_host" $upstream_cluster ' +
        '$upstream_local_address $downstream_local_address $downstream_remote_address $requested_server_name $route_name',
    ],
    // The agent's own log, and Envoy's through it.
    others: [/^\d{4}-\d\d-\d\dT[\d:.]+Z\s+(?:debug|info|warn|warning|error|fatal|critical)\s/],
  },
  fields: TEXT_FIELDS,
  ...BOTH,
};

/**
 * JSON has no default but Istio's, which other gateways built on Envoy took over; Envoy AI Gateway adds the gen_ai names
 * (https://aigateway.envoyproxy.io/docs/capabilities/observability/accesslogs).
 */
export const ENVOY_JSON: LogFormat = {
  title: 'Envoy JSON',
  layout: { kind: 'json' },
  signs: ['response_code', 'response_flags'],
  // Connections that carry no HTTP have all of the keys, too.
  hasPath: true,
  fields: fieldMap({
    time: ['start_time', 'timestamp', '@timestamp', 'time'],
    code: ['response_code'],
    duration: ['duration'],
    model: ['gen_ai.request.model', 'genai_model_name', 'model', 'request_model', 'x-ai-eg-model', 'x-llm-model'],
    stream: ['gen_ai.request.stream', 'stream'],
    path: ['x-envoy-origin-path', 'path', ':path', 'request_path'],
    method: ['method', ':method', 'request_method'],
    request_id: ['x-request-id', 'request_id'],
    error_message: ['upstream_transport_failure_reason'],
    input_tokens: ['gen_ai.usage.input_tokens', 'genai_tokens_input', 'llm_input_token'],
    output_tokens: ['gen_ai.usage.output_tokens', 'genai_tokens_output', 'llm_output_token'],
    flags: ['response_flags'],
    details: ['response_code_details'],
  }),
  ...BOTH,
};
