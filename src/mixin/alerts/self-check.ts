import type { AlertRule } from '../alert.ts';
import { increase, promql, type Query, selectors, sumWithout } from '../promql.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { percent } from '../share.ts';

/**
 * Counters of one exporter that must agree. All of a scrape are of one moment (`Cut`), so they do, but for the edges of a window:
 * - every line read is an event, filtered or rejected;
 * - every failed request was classified once;
 * - no request has two durations, and no event of a source is not a request (the other way round is fine: not all are known, and a
 *   proxy counts requests of its own);
 * - where tries are counted, no more requests succeeded than tries did and sources told. Failures may: some never reach an upstream.
 */
export function selfInconsistent(settings: MixinSettings): Omit<AlertRule, 'component' | 'signal'> {
  const { tolerance, minTotal, windowSeconds, forSeconds } = settings.thresholds.LLMSelfInconsistent.warning;
  const window = scaled(settings, windowSeconds);
  const arms = comparisons(settings).map(({ counted, truth, enough = truth, isEqual }) => {
    const off = promql`${counted} / (${truth} > 0) - 1`;
    return promql`(\n  ${isEqual ? promql`abs(${off})` : off} > ${tolerance}\n  and ${enough} >= ${minTotal}\n)`;
  });
  return {
    alert: 'LLMSelfInconsistent',
    severity: 'warning',
    expr: { text: arms.map(({ text }) => text).join('\nor\n'), labels: [] },
    forSeconds,
    texts: (facts) => ({
      summary: 'Counters of an llm-exporter that must agree do not.',
      description: `Two counts of the same thing differ by ${facts.value('percentage')} on ${facts.label('instance')} of job ${facts.label('job')} over the last ${window}: do not trust its numbers.`,
      advice:
        'Note which of the queries in the runbook differs, and report it with the version: it is a fault of the exporter. Its other alerts may be wrong meanwhile.',
      dashboard: { uid: 'llm-overview', variables: ['job', 'instance'] },
    }),
    why: `More than ${percent(tolerance)} apart in ${window}, of at least ${minTotal}.`,
  };
}

export interface Comparison {
  /** In words, for the runbook. */
  readonly what: string;
  readonly counted: Query<never>;
  readonly truth: Query<never>;
  /** What the guard counts, if not that. */
  readonly enough?: Query<never>;
  /** Otherwise it may be less. */
  readonly isEqual: boolean;
}

/** What is compared, summed up to the exporter. */
export function comparisons(settings: MixinSettings): readonly Comparison[] {
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.thresholds.LLMSelfInconsistent.warning.windowSeconds);
  const total = <L extends string>(counter: Query<L>): Query<never> =>
    // Safe: all labels of the family are summed over.
    sumWithout(increase(counter, window), [], counter.labels) as Query<never>;
  const events = total(series.counter('llm_exporter_source_events_total'));
  const filtered = total(series.counter('llm_exporter_source_filtered_total'));
  const rejected = total(series.counter('llm_exporter_source_rejected_total'));
  const requests = total(series.counter('llm_requests_total'));
  const good = total(series.counter('llm_requests_total', { cause: 'none' }));
  const tries = total(series.counter('llm_attempts_total', { cause: 'none' }));
  return [
    {
      what: 'Lines that became an event, were filtered or rejected, against lines read',
      counted: promql`(${events} + ${filtered} + ${rejected})`,
      truth: total(series.counter('llm_exporter_source_lines_total')),
      isEqual: true,
    },
    {
      what: 'Classifications against failed requests',
      counted: total(series.counter('llm_classifications_total')),
      truth: total(series.counter('llm_requests_total', { cause: { none: ['none'] } })),
      isEqual: true,
    },
    {
      what: 'Durations against requests',
      counted: total(series.samples('llm_request_duration_seconds')),
      truth: requests,
      isEqual: false,
    },
    { what: 'Events of sources against requests', counted: events, truth: requests, isEqual: false },
    {
      what: 'Successes against successful tries and events of sources',
      counted: good,
      truth: promql`((${tries} + ${events}) or ${tries})`,
      enough: good,
      isEqual: false,
    },
  ];
}
