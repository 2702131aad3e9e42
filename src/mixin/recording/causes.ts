import type { Cause } from '../../classify/causes.ts';
import type { PackContext } from '../alert.ts';
import { increase, quantileOverTime, selectors, sumWithout } from '../promql.ts';
import { scaled } from '../settings/settings.ts';
import type { RecordingRule } from './recording.ts';

/** The API refuses the caller or its key. A key that is gone looks like one that was never given. */
export const AUTH_CAUSES = [
  'auth_missing_key',
  'auth_invalid_key',
  'permission_denied',
  'identity_verification_required',
] as const satisfies readonly Cause[];

/** Answers by cause, for the alerts about one cause or a few; and what a key is judged by. */
export function causeRecordings({ settings }: PackContext): readonly RecordingRule[] {
  const series = selectors(settings.selector);
  const { windowSeconds, dropLabels } = settings;
  const all = increase(series.counter('llm_requests_total'), scaled(settings, windowSeconds.warning));
  const { rememberSeconds } = settings.thresholds.LLMUpstreamAuthFailing.critical;
  const good = increase(series.counter('llm_requests_total', { cause: 'none' }), scaled(settings, rememberSeconds));
  return [
    {
      record: 'provider_model_code_cause:llm_requests:increase5m',
      expr: sumWithout(all, dropLabels, ['stream']),
      why: 'Answers by code and cause. All of them: shares of what another group records would be off by an evaluation.',
    },
    {
      record: 'provider_model:llm_requests_succeeded:increase1h',
      expr: sumWithout(good, dropLabels, ['code', 'cause', 'stream']),
      why: 'Successes of a model: a key that is good gets some.',
    },
    ...unauthorizedRecordings({ settings }),
  ];
}

function unauthorizedRecordings({ settings }: Pick<PackContext, 'settings'>): readonly RecordingRule[] {
  const { windowSeconds } = settings.thresholds.LLMClientAuthBurst.info;
  const refused = selectors(settings.selector).counter('llm_requests_total', { cause: { any: AUTH_CAUSES } });
  const count = increase(refused, scaled(settings, windowSeconds));
  const usual = quantileOverTime(selectors('').recorded('provider:llm_requests_unauthorized:increase10m'), {
    quantile: settings.baseline.quantile,
    range: scaled(settings, settings.baseline.rangeSeconds),
    offset: scaled(settings, settings.baseline.offsetSeconds),
  });
  return [
    {
      record: 'provider:llm_requests_unauthorized:increase10m',
      expr: sumWithout(count, settings.dropLabels, ['model', 'code', 'cause', 'stream']),
      why: 'Refused for its key or its rights. Of all models: who tries keys tries models, too.',
    },
    {
      record: 'provider:llm_requests_unauthorized:p90_increase10m',
      expr: usual,
      why: 'How many that usually are.',
    },
  ];
}
