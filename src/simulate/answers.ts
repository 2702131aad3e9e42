import type { Cause } from '../classify/causes.ts';
import { envoy, flat, type HttpAnswer, nginx, openai, page, plain } from './envelopes.ts';

/** What a cause looks like to the client, on the wire. */
export type Answer =
  | HttpAnswer
  /** An ordinary, successful answer. */
  | { readonly kind: 'success' }
  /** Nothing until the gateway timeout, then `answer`. A stream is not affected: its first bytes arrive in time. */
  | { readonly kind: 'timeout'; readonly answer: HttpAnswer }
  /** Nothing, ever: whether this becomes an abort is up to the client's own timeout. */
  | { readonly kind: 'hold' }
  /** The connection is reset before any answer. */
  | { readonly kind: 'reset' }
  /** Status 200 and the first tokens, then the connection breaks: no end of stream, or fewer bytes than announced. */
  | { readonly kind: 'cut' };

const retryAfter = (seconds: number) => ({ 'retry-after': String(seconds) });

/**
 * How each cause looks on the wire. Novita answers `{code, reason, message, metadata}` (seen for 400 and 403); where no
 * answer of Novita's is public (429, 500, 503, 504) the words are those of a service whose answer is. Sources:
 * Novita https://novita.ai/docs/guides/error, OpenAI https://platform.openai.com/docs/guides/error-codes,
 * DashScope https://help.aliyun.com/zh/model-studio/error-code, Envoy, vLLM, llama.cpp, LiteLLM, OpenRouter by their own.
 */
export const answers = {
  none: { kind: 'success' },
  invalid_request: flat(400, 'INVALID_PARAMETER', 'temperature must be between 0 and 2'),
  context_length_exceeded: openai(400, {
    message:
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).",
    type: 'invalid_request_error',
    param: 'messages',
    code: 'context_length_exceeded',
  }),
  payload_too_large: openai(413, {
    message: 'Request exceeds the maximum allowed number of bytes.',
    type: 'request_too_large',
  }),
  unsupported_feature: flat(400, 'INVALID_PARAMETER', 'tools is not supported by this model'),
  auth_missing_key: openai(401, {
    message:
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.",
    type: 'invalid_request_error',
  }),
  auth_invalid_key: flat(403, 'INVALID_API_KEY', 'invalid api-key'),
  permission_denied: flat(403, 'PERMISSION_DENIED', 'this API key is not allowed to access model'),
  identity_verification_required: flat(403, 'FORBIDDEN', 'identity verification is required to use this model'),
  model_not_found: flat(404, 'MODEL_NOT_FOUND', 'Model not found'),
  content_filter: openai(400, {
    message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    param: 'prompt',
    code: 'content_filter',
  }),
  insufficient_balance: flat(403, 'NOT_ENOUGH_BALANCE', 'not enough balance'),
  quota_exhausted: openai(429, {
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  }),
  rate_limit_rpm: openai(
    429,
    (model) => ({
      message: `Rate limit reached for ${model} on requests per min (RPM): Limit 60, Used 60, Requested 1. Please try again in 1s.`,
      type: 'requests',
      code: 'rate_limit_exceeded',
    }),
    { ...retryAfter(1), 'x-ratelimit-limit-requests': '60', 'x-ratelimit-remaining-requests': '0' },
  ),
  rate_limit_tpm: openai(
    429,
    (model) => ({
      message: `Rate limit reached for ${model} on tokens per min (TPM): Limit 50000, Used 49947, Requested 806. Please try again in 904ms.`,
      type: 'tokens',
      code: 'rate_limit_exceeded',
    }),
    { ...retryAfter(1), 'x-ratelimit-limit-tokens': '50000', 'x-ratelimit-remaining-tokens': '53' },
  ),
  rate_limit_daily: openai(
    429,
    (model) => ({
      message: `Rate limit reached for ${model} on requests per day (RPD): Limit 2000, Used 2000, Requested 1. Please try again in 28m48s.`,
      type: 'requests',
      code: 'rate_limit_exceeded',
    }),
    retryAfter(1728),
  ),
  rate_limit_concurrency: openai(429, {
    message: 'Your account request reached organization max concurrency: 8, please try again after 1 seconds',
    type: 'rate_limit_reached_error',
  }),
  rate_limit_unspecified: openai(429, {
    message: 'Rate limit exceeded',
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
  }),
  request_exceeds_tpm: openai(429, (model) => ({
    message: `Request too large for ${model} on tokens per min (TPM): Limit 200000, Requested 480002. The input or output tokens must be reduced in order to run successfully.`,
    type: 'tokens',
    code: 'rate_limit_exceeded',
  })),
  upstream_rate_limited: openai(429, (model) => ({
    message: 'Provider returned error',
    code: 429,
    metadata: { raw: `${model} is temporarily rate-limited upstream. Please retry shortly.`, provider_name: 'Example' },
  })),
  surge_protection: openai(
    503,
    { message: 'Your request rate increased too quickly. Slow down.', type: 'server_error', code: 'slow_down' },
    retryAfter(5),
  ),
  model_overloaded: openai(503, {
    message: 'The model is overloaded. Please try again later.',
    type: 'overloaded_error',
  }),
  model_loading: openai(503, { code: 503, message: 'Loading model', type: 'unavailable_error' }),
  model_engine_error: openai(500, {
    message: 'EngineCore encountered an issue. See stack trace for the root cause.',
    type: 'EngineDeadError',
  }),
  downstream_dependency_failure: openai(503, {
    code: 'ModelServiceFailed',
    message: 'Failed to request model service.',
  }),
  internal_error: openai(500, {
    message: 'The server had an error while processing your request.',
    type: 'server_error',
  }),
  service_unavailable: openai(503, {
    code: 'ModelUnavailable',
    message: 'Model is unavailable, please try again later.',
  }),
  upstream_timeout: envoy(504, 'upstream request timeout'),
  gateway_timeout_long_generation: { kind: 'timeout', answer: nginx(504, 'Gateway Time-out') },
  upstream_bad_response: { kind: 'reset' },
  upstream_unreachable: envoy(
    503,
    'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: 111',
  ),
  no_available_backend: envoy(503, 'no healthy upstream'),
  gateway_overload: envoy(503, 'upstream connect error or disconnect/reset before headers. reset reason: overflow', {
    'x-envoy-overloaded': 'true',
  }),
  shed_by_exporter: openai(
    503,
    {
      message: 'llm-exporter holds back requests to this API: this request has waited as long as the queue allows',
      type: 'service_unavailable',
      code: 'shed_queue_timeout',
    },
    { 'x-llm-exporter-origin': 'exporter', ...retryAfter(2) },
  ),
  exporter_failed: openai(503, {
    message: 'the worker process of the proxy that had this request ended',
    type: 'service_unavailable',
    code: 'worker_died',
  }),
  gateway_credentials_invalid: openai(401, {
    message: 'litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided',
    code: '401',
  }),
  stream_interrupted: { kind: 'cut' },
  client_aborted: { kind: 'hold' },
  blocked_by_waf: page(
    403,
    '<!doctype html><html><head><title>Just a moment...</title></head><body><script src="/cdn-cgi/challenge-platform/h/g/orchestrate/chl_page"></script>Enable JavaScript and cookies to continue</body></html>',
    { server: 'cloudflare', 'cf-ray': '0000000000000000-AMS' },
  ),
  unclassified: plain(418, 'short and stout'),
} satisfies Readonly<Record<Cause, Answer>>;
