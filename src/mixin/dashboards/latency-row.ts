import { histogramQuantile, minBy, promql, type Query, rate, sumBy } from '../promql.ts';
import type { Row } from './frame.ts';
import { byLabels, named, type Panels, type Target } from './panels.ts';
import { ofModel, RATE, scope } from './scope.ts';

/** Successes only, because a fast error would make an outage look quick. */
const ofSuccess = { ...ofModel, outcome: 'success' } as const;
const NO_STREAMS = 'No streamed answers in this time';
const NO_SUCCESS = 'No successful answers in this time';

/** How long callers wait. */
export function latencyRow(panels: Panels): Row {
  return { title: 'Latency', panels: [firstToken(panels), duration(panels), nearTimeout(panels)] };
}

/** How much is generated, how fast, and how often it is tried. */
export function tokensRow(panels: Panels): Row {
  return { title: 'Tokens and tries', panels: [tokens(panels), perToken(panels), tries(panels)] };
}

function firstToken(panels: Panels) {
  const buckets = scope.buckets('llm_time_to_first_token_seconds', ofModel);
  return panels.graph({
    title: 'Time to first token',
    description: 'Streams only. Rises first when a model is overloaded, before 503 and 504 appear.',
    unit: 's',
    width: 8,
    targets: quantiles([0.5, 0.95, 0.99], sumBy(rate(buckets, RATE), ['le'])),
    noValue: NO_STREAMS,
  });
}

function duration(panels: Panels) {
  const buckets = scope.buckets('llm_request_duration_seconds', ofSuccess);
  const timeout = scope.gauge('llm_provider_gateway_timeout_seconds', { provider: { variable: 'provider' } });
  return panels.graph({
    title: 'Duration of successful answers',
    description:
      'With the gateway timeout of the provider. A 99th percentile near it: the next longer answer is a 504, so switch to streaming.',
    unit: 's',
    width: 8,
    targets: [
      ...quantiles([0.5, 0.95, 0.99], sumBy(rate(buckets, RATE), ['le'])),
      byLabels(minBy(timeout, ['provider']), ['provider'], 'timeout '),
    ],
    noValue: NO_SUCCESS,
  });
}

function nearTimeout(panels: Panels) {
  const near = sumBy(rate(scope.counter('llm_requests_near_timeout_total', ofModel), RATE), ['provider', 'model']);
  const all = sumBy(rate(scope.samples('llm_request_duration_seconds', ofSuccess), RATE), ['provider', 'model']);
  return panels.graph({
    title: 'Share near the gateway timeout',
    description:
      'Successful answers that took over 80 % of the gateway timeout: the 504s of tomorrow. Use streaming, or raise the timeout.',
    unit: 'percentunit',
    max: 1,
    width: 8,
    targets: [byLabels(promql`${near} / (${all} > 0)`, ['provider', 'model'])],
    noValue: NO_SUCCESS,
  });
}

function tokens(panels: Panels) {
  const counter = scope.counter('llm_tokens_total', ofModel);
  return panels.graph({
    title: 'Tokens per second by type',
    description:
      'As the API reported them. More input per request than usual is a common reason for longer answers and 504.',
    unit: 'cps',
    width: 8,
    targets: [byLabels(sumBy(rate(counter, RATE), ['token_type']), ['token_type'])],
    noValue: 'No usage reported in this time',
  });
}

function perToken(panels: Panels) {
  const buckets = scope.buckets('llm_time_per_output_token_seconds', ofModel);
  return panels.graph({
    title: 'Time per output token',
    description: 'Streams only. Rising on all models of a provider: its engines are short of capacity.',
    unit: 's',
    width: 8,
    targets: quantiles([0.5, 0.95], sumBy(rate(buckets, RATE), ['le'])),
    noValue: NO_STREAMS,
  });
}

function tries(panels: Panels) {
  const attempts = rate(scope.counter('llm_attempts_total', ofModel), RATE);
  const answers = rate(scope.counter('llm_requests_total', ofModel), RATE);
  return panels.graph({
    title: 'Tries and answers',
    description:
      'Tries against the upstream (proxy only) and final answers. A gap between them is retries: more load on an API in trouble.',
    unit: 'reqps',
    width: 8,
    targets: [named(sumBy(attempts, []), 'tries'), named(sumBy(answers, []), 'answers')],
    noValue: 'No requests for this selection in this time',
  });
}

function quantiles(levels: readonly number[], perBucket: Query<'le'>): readonly Target[] {
  return levels.map((level) => named(histogramQuantile(level, perBucket), `p${level * 100}`));
}
