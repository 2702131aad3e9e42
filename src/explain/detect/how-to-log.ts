import type { LineFormat } from '../../config/schema-lines.ts';

/** What is worth logging where it is missing. */
export type AdvisedField = 'time' | 'model' | 'stream' | 'duration' | 'request_id' | 'answered_by';

type Advice = Readonly<Partial<Record<AdvisedField, string>>> & {
  /** For the fields that have no advice of their own. */
  readonly others: string;
};

const PROXY = 'llm-exporter as a proxy (serve --upstream) sees it';

const NGINX: Advice = {
  duration: 'nginx: log $request_time, as deploy/nginx/llm-log.conf does',
  request_id: 'nginx: log $request_id, as deploy/nginx/llm-log.conf does',
  answered_by:
    'nginx: log $upstream_status, $upstream_connect_time and $upstream_header_time, as deploy/nginx/llm-log.conf does',
  others: 'nginx: include deploy/nginx/llm-log.conf, whose log has it',
};

const INGRESS: Advice = {
  model: `log-format-upstream can log $http_x_model in JSON, where callers send that header; else ${PROXY}`,
  others: 'Let log-format-upstream write it in JSON, by the names of the variables in deploy/nginx/llm-log.conf',
};

const ENVOY: Advice = {
  model:
    'Log in JSON (format: envoy-json) with the key gen_ai.request.model: Envoy AI Gateway knows the model, plain Envoy ' +
    'only from a header, such as %REQ(X-MODEL)%',
  stream: `Log in JSON (format: envoy-json) with the key gen_ai.request.stream, from a header; else ${PROXY}`,
  duration: 'Log %DURATION%, in JSON with the key duration',
  request_id: 'Log %REQ(X-REQUEST-ID)%, in JSON with the key x-request-id',
  answered_by:
    'Log %RESPONSE_FLAGS% and %RESPONSE_CODE_DETAILS%, in JSON with the keys response_flags and response_code_details',
  others: 'Log %START_TIME%, in JSON with the key start_time',
};

const HAPROXY: Advice = {
  model:
    'Where callers send it in a header, capture that (http-request capture req.hdr(X-Model) len 64) and configure fields: ' +
    `{model: captured_request.0}; else ${PROXY}`,
  stream: `Capture a header that tells, and configure fields: {stream: captured_request.1}; else ${PROXY}`,
  request_id:
    'Capture it (http-request capture req.hdr(X-Request-Id) len 64) and configure fields: {request_id: captured_request.0}, or ' +
    'whichever capture it is',
  others: 'option httplog has it',
};

/** Headers are all that a plain reverse proxy could know it by. */
function byHeader(keep: string, modelHeader: string): Advice {
  return {
    model: `${keep}; it is then read from ${modelHeader}. Else ${PROXY}`,
    stream: `No such log tells; ${PROXY}`,
    request_id: `${keep}, and X-Request-Id likewise`,
    others: `No such log tells; ${PROXY}`,
  };
}

const KONG: Advice = {
  model: 'The AI plugins (ai-proxy with config.logging.log_statistics) log it; without them send the header X-Model',
  stream: `No field of Kong's log tells; ${PROXY}`,
  request_id: 'The correlation-id plugin adds one (header_name X-Request-Id)',
  others: 'A log plugin such as file-log writes it: keep its fields',
};

const ALB: Advice = {
  others: `An ALB cannot log it, and its log cannot be changed; ${PROXY}`,
};

const UVICORN: Advice = {
  time: 'A collector or container runtime puts it before each line, or let the access log formatter write %(asctime)s in JSON',
  others: `uvicorn's console does not have it: put a gateway with a better log before it; or ${PROXY}`,
};

const OTLP: Advice = {
  model: 'Instrumentations of the GenAI conventions set gen_ai.request.model',
  stream: 'Instrumentations of the GenAI conventions set gen_ai.request.stream; an old one is worth updating',
  others: 'Instrumentations of the GenAI conventions set it; an old one is worth updating',
};

const LITELLM: Advice = {
  others: "LiteLLM's StandardLoggingPayload has it (a callback or webhook); the proxy's json_logs do not",
};

const APPLICATION: Advice = {
  time: 'Log it, or name its place in fields.time',
  model: 'Log it, or name its place in fields.model',
  stream: 'Log it, or name its place in fields.stream',
  duration: 'Log it, or name its place in fields.duration',
  request_id: 'Log it, or name its place in fields.request_id',
  others: 'Log the status of the upstream, and name its place in fields.upstream_code',
};

const ADVICE: Readonly<Record<LineFormat, Advice>> = {
  auto: APPLICATION,
  combined: NGINX,
  nginx: NGINX,
  'nginx-json': NGINX,
  'nginx-error': { others: 'The error log never has it: read an access log, with deploy/nginx/llm-log.conf' },
  'ingress-nginx': INGRESS,
  envoy: ENVOY,
  istio: ENVOY,
  'envoy-json': ENVOY,
  haproxy: HAPROXY,
  caddy: byHeader(
    'Let callers send the header X-Model, which the access log has unless a filter deletes it',
    'X-Model',
  ),
  traefik: byHeader(
    'Let callers send it and keep it (accessLog.fields.headers.names.X-Model: keep), in JSON',
    'X-Model',
  ),
  alb: ALB,
  kong: KONG,
  litellm: LITELLM,
  uvicorn: UVICORN,
  otlp: OTLP,
  pino: APPLICATION,
  structlog: APPLICATION,
  json: APPLICATION,
};

/** How to have logs of a format tell what they do not. */
export function howToLog(field: AdvisedField, format: LineFormat): string {
  return ADVICE[format][field] ?? ADVICE[format].others;
}
