/**
 * The series that recording rules make, with the labels each keeps beside those of its target. `level:metric:operations`
 * with the newest operation first (Prometheus practices, "Recording rules"). The names carry the default windows and do
 * not follow `timeScale`, so that dashboards and alerts are the same text at any speed.
 */
export const recorded = {
  'provider_model:llm_requests:increase5m': ['provider', 'model'],
  'provider_model_code:llm_requests:increase5m': ['provider', 'model', 'code'],
  'provider_model_code:llm_requests_per_requests:ratio_increase5m': ['provider', 'model', 'code'],
  'provider_model:llm_requests:increase2m': ['provider', 'model'],
  'provider_model_code:llm_requests:increase2m': ['provider', 'model', 'code'],
  'provider_model_code:llm_requests_per_requests:ratio_increase2m': ['provider', 'model', 'code'],
  'provider_model_code:llm_requests_per_requests:p90_ratio_increase5m': ['provider', 'model', 'code'],
  'provider_model_code_cause:llm_requests_per_requests:ratio_increase5m': ['provider', 'model', 'code', 'cause'],
  'provider_model:llm_requests:increase1h': ['provider', 'model'],
  'provider_model:llm_requests_failed:increase1h': ['provider', 'model'],
  'provider_model:llm_requests_failed_per_requests:ratio_increase5m': ['provider', 'model'],
  'provider_model:llm_requests:increase30m': ['provider', 'model'],
  'provider_model:llm_requests_failed:increase30m': ['provider', 'model'],
  'provider_model:llm_requests:increase2h': ['provider', 'model'],
  'provider_model:llm_requests_failed:increase2h': ['provider', 'model'],
  'provider_model:llm_requests:increase6h': ['provider', 'model'],
  'provider_model:llm_requests_failed:increase6h': ['provider', 'model'],
  'provider_model:llm_requests:increase1d': ['provider', 'model'],
  'provider_model:llm_requests_failed:increase1d': ['provider', 'model'],
  'provider_model:llm_requests:increase3d': ['provider', 'model'],
  'provider_model:llm_requests_failed:increase3d': ['provider', 'model'],
  'provider_model:llm_error_budget_lifetime_seconds:increase1h': ['provider', 'model'],
  'provider_model:llm_error_budget_lifetime_seconds:increase6h': ['provider', 'model'],
  'provider_model:llm_error_budget_lifetime_seconds:increase1d': ['provider', 'model'],
  'provider_model:llm_error_budget_lifetime_seconds:increase3d': ['provider', 'model'],
  'provider_model_cause:llm_requests_failed:increase1h': ['provider', 'model', 'cause'],
  'provider_model_cause:llm_requests_failed:increase6h': ['provider', 'model', 'cause'],
  'provider_model_code_cause:llm_requests:increase5m': ['provider', 'model', 'code', 'cause'],
  'provider_model:llm_requests_succeeded:increase1h': ['provider', 'model'],
  'provider:llm_requests_unauthorized:increase10m': ['provider'],
  'provider:llm_requests_unauthorized:p90_increase10m': ['provider'],
  'provider:llm_models_failing:count': ['provider'],
  'provider_model_cause:llm_streams_failed:increase5m': ['provider', 'model', 'cause'],
  'provider_model_cause:llm_attempts_failed:increase5m': ['provider', 'model', 'cause'],
  'provider_model_cause:llm_retries_given_up:increase5m': ['provider', 'model', 'cause'],
  'provider_model:llm_time_to_first_token_seconds:p95_rate10m': ['provider', 'model'],
  'provider_model:llm_time_to_first_token_seconds:median_p95_rate10m': ['provider', 'model'],
  'provider_model:llm_request_duration_seconds:p95_rate10m': ['provider', 'model'],
  'provider_model:llm_request_duration_seconds:median_p95_rate10m': ['provider', 'model'],
  'provider_model:llm_output_tokens_per_requests:ratio_rate10m': ['provider', 'model'],
  'provider_model:llm_output_tokens_per_requests:median_ratio_rate10m': ['provider', 'model'],
  'provider_model:llm_tokens:rate5m': ['provider', 'model'],
  'provider_model:llm_tokens:p90_rate5m': ['provider', 'model'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Recorded = typeof recorded;
export type RecordedName = keyof Recorded;

/** What a spike alert of each level reads: the series over its own window. */
export const SPIKE_SERIES = {
  warning: {
    total: 'provider_model:llm_requests:increase5m',
    bad: 'provider_model_code:llm_requests:increase5m',
    ratio: 'provider_model_code:llm_requests_per_requests:ratio_increase5m',
  },
  critical: {
    total: 'provider_model:llm_requests:increase2m',
    bad: 'provider_model_code:llm_requests:increase2m',
    ratio: 'provider_model_code:llm_requests_per_requests:ratio_increase2m',
  },
} as const;
