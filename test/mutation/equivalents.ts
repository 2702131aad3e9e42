import type { Equivalent } from '../support/rules/mutation/score.ts';

const CODES_503 = 'code="503"';
const CODES_504 = 'code=~"504|524"';

/**
 * Mutants of the shipped rules that change nothing an alert can show. An entry that fits no mutant, or one that a
 * test kills, fails the run.
 */
export const equivalents: readonly Equivalent[] = [
  ...[
    { rule: 'LLMApi503Spike', code: CODES_503 },
    { rule: 'LLMApi504Spike (severity=warning)', code: CODES_504 },
  ].map(({ rule, code }) => ({
    rule,
    changes: [
      ...['', ' (2)', ' (3)'].map(
        (nth) => `drop ${code} in provider_model_code:llm_requests_per_requests:ratio_increase5m{${code}}${nth}`,
      ),
      code === CODES_503
        ? `drop ${code} in provider_model_code:llm_requests_per_requests:p90_ratio_increase5m{${code}}`
        : `drop ${code} in provider_model_code:llm_requests_per_requests:p90_…io_increase5m{${code}}`,
      `drop ${code} in provider_model_code:llm_requests:increase5m{${code}}`,
    ],
    reason: 'All sides are matched on the code, so one matcher of several is enough.',
  })),
  ...[
    { rule: 'LLMApi503SpikeSevere', code: CODES_503, ratio: 'rati…m{code="503",model!="unknown"}' },
    { rule: 'LLMApi504Spike (severity=critical)', code: CODES_504, ratio: 'rati…e=~"504|524",model!="unknown"}' },
    { rule: 'provider:llm_models_failing:count', code: CODES_503, ratio: 'rati…m{code="503",model!="unknown"}' },
    { rule: 'provider:llm_models_failing:count', code: CODES_504, ratio: 'rati…e=~"504|524",model!="unknown"}' },
  ].map(({ rule, code, ratio }) => ({
    rule,
    changes: [
      `drop ${code} in provider_model_code:llm_requests_per_requests:${ratio}`,
      `drop ${code} in provider_model_code:llm_requests:increase2m{${code}}`,
    ],
    reason: 'Both sides are matched on the code, so one matcher of two is enough.',
  })),
  {
    rule: 'LLMApi500Burst',
    changes: ['', ' (2)'].map(
      (nth) => `drop code=~"500|502" in provider_model_code_cause:llm_requests:increase5m{code=~"500|502"}${nth}`,
    ),
    reason: 'The share and its guard are matched on the code, so one matcher of two is enough.',
  },
  {
    rule: 'provider_model_code_cause:llm_requests_per_requests:ratio_increase5m',
    changes: ['drop code=~"503|504|524" in llm_requests_total{code=~"503|504|524",cause!="shed_by_exporter"}'],
    reason: 'What it is divided by has no other codes.',
  },
  {
    rule: 'provider_model_code:llm_requests:increase2m',
    changes: ['drop code=~"503|504|524" in llm_requests_total{code=~"503|504|524",cause!="shed_by_exporter"}'],
    reason: 'It would record more codes, which nobody asks for.',
  },
  {
    rule: 'provider_model:llm_requests_failed:increase1h',
    changes: ['drop the right of or: provider_model:llm_requests:increase1h * 0'],
    reason: 'The 0 is for dashboards: no alert begins at 0.',
  },
];

const FAILED = 'llm_requests_total{cause=~"upstream_rate_limited|s…|blocked_by_waf|unclassified"}';
const WITHOUT = 'sum without (instance, pod, container, node, endpo…ed_by_waf|unclassified"}';

/** Mutants that a test could kill, and why none does. They count as survivors; any other survivor fails the run. */
export const argued: readonly Equivalent[] = [
  ...[
    ['provider_model_code:llm_requests_per_requests:p90_ratio_increase5m', 'ratio_increase5m'],
    ['provider_model:llm_time_to_first_token_seconds:median_p95_rate10m', 'p95_rate10m'],
    ['provider_model:llm_request_duration_seconds:median_p95_rate10m', 'p95_rate10m'],
    ['provider_model:llm_output_tokens_per_requests:median_ratio_rate10m', 'ratio_rate10m'],
    ['provider:llm_requests_unauthorized:p90_increase10m', 'increase10m'],
  ].map(([rule = '', operation]) => ({
    rule,
    changes: [`window 1d to 4d in ${rule.slice(0, rule.lastIndexOf(':'))}:${operation}[1d] offset 15m`],
    reason: 'A day more of samples in every test run, to tell a usual level of one day from one of four.',
  })),
  {
    rule: 'provider_model:llm_requests_failed:increase1d',
    changes: ['window 1d to 4d in llm_requests_total{cause=~"upstream_rate_limited|s…cked_by_waf|unclassified"}[1d]'],
    reason:
      'Days of samples in every test run; failures of a longer window than their requests warn sooner, never later.',
  },
  {
    rule: 'provider_model:llm_requests:increase3d',
    changes: ['window 3d to 12d in llm_requests_total[3d]'],
    reason: 'Twelve days of samples in every test run.',
  },
  {
    rule: 'provider_model:llm_requests_failed:increase3d',
    changes: ['window 3d to 12d in llm_requests_total{cause=~"upstream_rate_limited|s…cked_by_waf|unclassified"}[3d]'],
    reason: 'Twelve days of samples in every test run.',
  },
  {
    rule: 'LLMExporterTargetDown',
    changes: ['window 7d to 28d in llm_exporter_build_info[7d]'],
    reason: 'Weeks of samples in every test run; how long a target is remembered is the same rule at any length.',
  },
  {
    rule: 'LLMExporterBackpressure',
    changes: [
      'window 2m to 8m in nodejs_eventloop_lag_p99_seconds[2m]',
      'window 2m to 8m in llm_exporter_build_info[2m]',
    ],
    reason: 'Both only bridge a scrape that failed; a longer bridge is not wrong, and the `for` of 10m outlasts it.',
  },
  ...[
    { window: '1h', more: [`window 1h to 4h in ${FAILED.replace('|blocked_by', 'cked_by')}[1h]`] },
    { window: '6h', more: [] },
  ].map(({ window, more }) => ({
    rule: `provider_model_cause:llm_requests_failed:increase${window}`,
    changes: [
      `cause: only up to upstream_bad_response in ${FAILED}`,
      ...['code', 'stream'].map((label) => `drop ${label} from without in ${WITHOUT}[${window}]))`),
      ...more,
    ],
    reason: 'Only the text of a burn reads it, for the name of the largest cause.',
  })),
  {
    rule: 'provider_model_cause:llm_streams_failed:increase5m',
    changes: [`drop code from without in ${WITHOUT}[5m]))`],
    reason: 'A stream that failed after it began has one code, 200.',
  },
  {
    rule: 'provider:llm_requests_unauthorized:p90_increase10m',
    changes: ['0.9 to 0.45 in quantile_over_time(0.9, provider:llm_requests_unau…ed:increase10m[1d] offset 15m)'],
    reason: 'The alert is of severity info, and has a floor of its own; the same quantile of the spikes is tested.',
  },
  {
    rule: 'provider_model:llm_output_tokens_per_requests:median_ratio_rate10m',
    changes: ['offset to 1s in provider_model:llm_output_tokens_per_requests:ratio_rate10m[1d] offset 15m'],
    reason: 'A median of a day that knows the last quarter of an hour is moved by it by one part in a hundred.',
  },
];
