import type { PackContext } from '../alert.ts';
import { quantileOverTime, rate, selectors, sumWithout } from '../promql.ts';
import { scaled } from '../settings/settings.ts';
import type { RecordingRule } from './recording.ts';

/** Tokens that are paid for: cached ones are part of the input, and reasoning of the output. Only for those who asked for the alert. */
export function costRecordings({ settings }: PackContext): readonly RecordingRule[] {
  if (!settings.optionalAlerts.includes('LLMCostSpike')) return [];
  const tokens = selectors(settings.selector).counter('llm_tokens_total', { token_type: { any: ['input', 'output'] } });
  const { quantile, rangeSeconds, offsetSeconds } = settings.baseline;
  return [
    {
      record: 'provider_model:llm_tokens:rate5m',
      expr: sumWithout(rate(tokens, scaled(settings, settings.windowSeconds.warning)), settings.dropLabels, [
        'token_type',
      ]),
      why: 'Tokens per second. A rate, never the lifetime counter.',
    },
    {
      record: 'provider_model:llm_tokens:p90_rate5m',
      expr: quantileOverTime(selectors('').recorded('provider_model:llm_tokens:rate5m'), {
        quantile,
        range: scaled(settings, rangeSeconds),
        offset: scaled(settings, offsetSeconds),
      }),
      why: "The model's own usual peak.",
    },
  ];
}
