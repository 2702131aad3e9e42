import type { PackContext } from '../alert.ts';
import { failureCauses } from '../causes.ts';
import { increase, type Query, selectors, sumWithout } from '../promql.ts';
import { scaled } from '../settings/settings.ts';
import type { RecordingRule } from './recording.ts';

/** Why streams break off, tries fail and retries are given up: alert texts name the largest. */
export function topCauseRecordings({ settings, causes }: PackContext): readonly RecordingRule[] {
  const series = selectors(settings.selector);
  const grown = <L extends string>(counter: Query<L>) =>
    increase(counter, scaled(settings, settings.windowSeconds.warning));
  const streams = series.counter('llm_requests_total', {
    code: '200',
    stream: { none: ['false'] },
    cause: { any: failureCauses(causes) },
  });
  const tries = series.counter('llm_attempts_total', { cause: { none: ['none'] } });
  const givenUp = series.counter('llm_retries_total', { decision: { any: GIVEN_UP } });
  return [
    {
      record: 'provider_model_cause:llm_streams_failed:increase5m',
      expr: sumWithout(grown(streams), settings.dropLabels, ['code', 'stream']),
      why: 'Streams that failed after their 200, by cause.',
    },
    {
      record: 'provider_model_cause:llm_attempts_failed:increase5m',
      expr: sumWithout(grown(tries), settings.dropLabels, ['code']),
      why: 'Tries that failed, by cause: what is tried again.',
    },
    {
      record: 'provider_model_cause:llm_retries_given_up:increase5m',
      expr: sumWithout(grown(givenUp), settings.dropLabels, ['decision']),
      why: 'Failures that another try might have healed, and that got none, by cause.',
    },
  ];
}

/** Decisions against a retry that another try might have been worth: not because the cause forbids it. */
export const GIVEN_UP = ['budget_exhausted', 'attempts_exhausted', 'deadline'] as const;
