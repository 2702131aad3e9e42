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
