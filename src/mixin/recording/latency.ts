import type { PackContext } from '../alert.ts';
import { histogramQuantile, promql, type Query, quantileOverTime, rate, selectors, sumWithout } from '../promql.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import type { RecordedName } from './recorded.ts';
import type { RecordingRule } from './recording.ts';

/** Slow for one caller in twenty: the mean hides them, and the 99th percentile of 50 requests is one of them. */
const SLOW = 0.95;
/** The usual level is the median of a day: not moved by a bad night, as a high quantile of times would be. */
const USUAL = 0.5;

/** How slow models are, and usually are. Successes only, because a fast error would make an outage look quick. */
export function latencyRecordings({ settings }: PackContext): readonly RecordingRule[] {
  const series = selectors(settings.selector);
  const { LLMTimeToFirstTokenDegraded, LLMLatencyDegraded } = settings.thresholds;
  const firstToken = rate(
    series.buckets('llm_time_to_first_token_seconds'),
    scaled(settings, LLMTimeToFirstTokenDegraded.warning.windowSeconds),
  );
  const window = scaled(settings, LLMLatencyDegraded.warning.windowSeconds);
  const duration = rate(series.buckets('llm_request_duration_seconds', { outcome: 'success' }), window);
  const tokens = rate(series.counter('llm_tokens_total', { token_type: 'output' }), window);
  const successes = rate(series.counter('llm_requests_total', { cause: 'none' }), window);
  return [
    {
      record: 'provider_model:llm_time_to_first_token_seconds:p95_rate10m',
      expr: slow(sumWithout(firstToken, settings.dropLabels, [])),
      why: 'Streams only. An idle model has no value rather than NaN, which would count as fast in the usual level.',
    },
    usual(
      settings,
      'provider_model:llm_time_to_first_token_seconds:median_p95_rate10m',
      'provider_model:llm_time_to_first_token_seconds:p95_rate10m',
    ),
    {
      record: 'provider_model:llm_request_duration_seconds:p95_rate10m',
      expr: slow(sumWithout(duration, settings.dropLabels, ['stream', 'outcome'])),
      why: 'Streams and others together: what callers wait for is the whole answer.',
    },
    usual(
      settings,
      'provider_model:llm_request_duration_seconds:median_p95_rate10m',
      'provider_model:llm_request_duration_seconds:p95_rate10m',
    ),
    {
      record: 'provider_model:llm_output_tokens_per_requests:ratio_rate10m',
      expr: promql`${sumWithout(tokens, settings.dropLabels, ['token_type'])}\n/\n(${sumWithout(successes, settings.dropLabels, ['code', 'cause', 'stream'])} > 0)`,
      why: 'How long the answers are: longer ones may take longer.',
    },
    usual(
      settings,
      'provider_model:llm_output_tokens_per_requests:median_ratio_rate10m',
      'provider_model:llm_output_tokens_per_requests:ratio_rate10m',
    ),
  ];
}

function slow(perBucket: Query<'provider' | 'model' | 'le'>): Query<'provider' | 'model'> {
  return promql`${histogramQuantile<'provider' | 'model'>(SLOW, perBucket)} > 0`;
}

/** `name` is the usual level of `of`. */
function usual(settings: MixinSettings, name: RecordedName, of: RecordedName): RecordingRule {
  const { rangeSeconds, offsetSeconds } = settings.baseline;
  return {
    record: name,
    expr: quantileOverTime(selectors('').recorded(of), {
      quantile: USUAL,
      range: scaled(settings, rangeSeconds),
      offset: scaled(settings, offsetSeconds),
    }),
    why: "The model's own usual level.",
  };
}
