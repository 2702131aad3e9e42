import type { FieldMap } from '../fields/field-map.ts';

/**
 * The names under which nginx JSON access logs carry their variables: mostly the variable's own
 * (https://nginx.org/en/docs/varindex.html), else what ingress-nginx and common examples call it. nginx knows no model: operators add it
 * from a request header, an njs variable or a map.
 */
export const NGINX_JSON_FIELDS: FieldMap = {
  time: ['time_iso8601', 'time', '@timestamp', 'timestamp', 'msec', 'time_local', 'time_msec'],
  code: ['status', 'response_code', 'status_code', 'http_status'],
  duration: ['request_time', 'duration', 'upstream_response_time'],
  model: [
    'model',
    'llm_model',
    'http_x_model',
    'x_model',
    'request_model',
    'upstream_http_x_model',
    'sent_http_x_model',
  ],
  stream: ['stream', 'llm_stream', 'http_x_stream'],
  path: ['request_uri', 'path', 'uri', 'request', 'url', 'request_path'],
  method: ['request_method', 'method', 'request'],
  request_id: ['request_id', 'req_id', 'http_x_request_id', 'x_request_id'],
  error_code: ['error_code', 'llm_error_code'],
  error_type: ['error_type', 'llm_error_type'],
  error_message: ['error_message', 'llm_error_message'],
  input_tokens: ['input_tokens', 'llm_input_tokens', 'prompt_tokens'],
  output_tokens: ['output_tokens', 'llm_output_tokens', 'completion_tokens'],
  first_token: ['first_token', 'first_token_time', 'time_to_first_token', 'ttft'],
  flags: [],
  details: [],
  upstream_code: ['upstream_status'],
  upstream_connect_time: ['upstream_connect_time'],
  upstream_header_time: ['upstream_header_time'],
};
