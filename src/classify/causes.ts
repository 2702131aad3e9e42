/**
 * The closed set of causes, in the order people read them: the caller's side first, then limits, then the provider,
 * then what lies between. What each means, who owns it and what to do is data in `catalogue.yaml`, which is refused
 * unless it describes exactly this set.
 */
export const CAUSES = [
  'none',
  'invalid_request',
  'context_length_exceeded',
  'payload_too_large',
  'unsupported_feature',
  'auth_missing_key',
  'auth_invalid_key',
  'permission_denied',
  'identity_verification_required',
  'model_not_found',
  'content_filter',
  'insufficient_balance',
  'quota_exhausted',
  'rate_limit_rpm',
  'rate_limit_tpm',
  'rate_limit_daily',
  'rate_limit_concurrency',
  'rate_limit_unspecified',
  'request_exceeds_tpm',
  'upstream_rate_limited',
  'surge_protection',
  'model_overloaded',
  'model_loading',
  'model_engine_error',
  'downstream_dependency_failure',
  'internal_error',
  'service_unavailable',
  'upstream_timeout',
  'gateway_timeout_long_generation',
  'upstream_bad_response',
  'upstream_unreachable',
  'no_available_backend',
  'gateway_overload',
  'shed_by_exporter',
  'exporter_failed',
  'gateway_credentials_invalid',
  'stream_interrupted',
  'client_aborted',
  'blocked_by_waf',
  'unclassified',
] as const;
export type Cause = (typeof CAUSES)[number];

/** The step of the precedence that decided, from hard evidence to guess; `user` is the rules of the operator's own file. */
export const BASES = [
  'transport',
  'user',
  'origin',
  'provider',
  'code',
  'message',
  'header',
  'timing',
  'status',
] as const;
export type Basis = (typeof BASES)[number];

/** Who must act. */
export const OWNERS = ['api_user', 'platform_ops', 'provider', 'nobody'] as const;
export type Owner = (typeof OWNERS)[number];

export const RETRYABLE = ['yes', 'no', 'after_window'] as const;
export type Retryable = (typeof RETRYABLE)[number];
