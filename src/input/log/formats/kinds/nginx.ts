import { type FieldMap, fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';

/** nginx's own variables (https://nginx.org/en/docs/varindex.html), and ingress-nginx's `$req_id`. */
export const NGINX_VARIABLES: FieldMap = fieldMap({
  time: ['msec', 'time_iso8601', 'time_local'],
  code: ['status'],
  duration: ['request_time', 'upstream_response_time'],
  path: ['request_uri', 'request', 'uri', 'document_uri'],
  method: ['request_method', 'request'],
  request_id: ['request_id', 'req_id', 'http_x_request_id'],
  upstream_code: ['upstream_status'],
  upstream_connect_time: ['upstream_connect_time'],
  upstream_header_time: ['upstream_header_time'],
});

/** Predefined in nginx, and in Apache, whose plain `common` ends before the referrer. */
export const COMBINED: LogFormat = {
  title: 'combined (nginx, Apache)',
  layout: {
    kind: 'text',
    escape: 'nginx',
    templates: [
      '$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
      '$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent',
    ],
  },
  fields: NGINX_VARIABLES,
};

/** Combined with something behind it, as nginx.conf's `main` has `"$http_x_forwarded_for"`: what it is, nobody knows. */
export const COMBINED_AND_MORE: LogFormat = {
  title: 'combined with more behind it',
  vague: true,
  layout: {
    kind: 'text',
    escape: 'nginx',
    templates: ['$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent $rest'],
  },
  fields: NGINX_VARIABLES,
};

/**
 * The default of the ingress controller: https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/
 * A request that no rule of an Ingress took has no upstream's name.
 */
export const INGRESS_NGINX: LogFormat = {
  title: 'ingress-nginx',
  layout: {
    kind: 'text',
    escape: 'nginx',
    templates: [
      '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
        '$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr ' +
        '$upstream_response_length $upstream_response_time $upstream_status $req_id',
    ],
    // The controller's own log, and nginx's error log.
    others: [/^[IWEF]\d{4} \d\d:/, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[/],
  },
  fields: NGINX_VARIABLES,
};

/**
 * The names under which nginx JSON access logs carry their variables: mostly the variable's own, else what ingress-nginx and common
 * examples call it. nginx knows no model: operators add it from a request header, an njs variable or a map.
 */
export const NGINX_JSON_FIELDS: FieldMap = fieldMap({
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
  upstream_code: ['upstream_status'],
  upstream_connect_time: ['upstream_connect_time'],
  upstream_header_time: ['upstream_header_time'],
});

export const NGINX_JSON: LogFormat = {
  title: 'nginx JSON',
  layout: { kind: 'json' },
  signs: ['status', 'request_time'],
  fields: NGINX_JSON_FIELDS,
};
