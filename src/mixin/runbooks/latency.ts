import type { PackContext } from '../alert.ts';
import { histogramQuantile, increase, promql, rate, selectors, sumBy } from '../promql.ts';
import { LAST_STEP, type RunbookPage } from '../runbook.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { describeShare, percent } from '../share.ts';

type LatencyAlert = 'LLMTimeToFirstTokenDegraded' | 'LLMNearGatewayTimeout' | 'LLMLatencyDegraded';

export function latencyPages(context: PackContext): Readonly<Record<LatencyAlert, RunbookPage>> {
  return {
    LLMTimeToFirstTokenDegraded: firstTokenPage(context),
    LLMNearGatewayTimeout: nearTimeoutPage(context),
    LLMLatencyDegraded: durationPage(context),
  };
}

/** Is it the load, the length of the answers, or the model? */
function queries({ settings }: PackContext) {
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.thresholds.LLMLatencyDegraded.warning.windowSeconds);
  const firstToken = series.recorded('provider_model:llm_time_to_first_token_seconds:p95_rate10m');
  const duration = series.recorded('provider_model:llm_request_duration_seconds:p95_rate10m');
  const tokens = series.recorded('provider_model:llm_output_tokens_per_requests:ratio_rate10m');
  const requests = (ago?: string) =>
    sumBy(rate(series.counter('llm_requests_total'), window, ago), ['provider', 'model']);
  return {
    firstToken: {
      why: 'Time to first token against the usual level of the model (1: as usual):',
      query: promql`${firstToken} / (${series.recorded('provider_model:llm_time_to_first_token_seconds:median_p95_rate10m')} > 0)`,
    },
    duration: {
      why: 'Duration against the usual level of the model (1: as usual):',
      query: promql`${duration} / (${series.recorded('provider_model:llm_request_duration_seconds:median_p95_rate10m')} > 0)`,
    },
    tokens: {
      why: 'Length of the answers against the usual (1: as usual):',
      query: promql`${tokens} / (${series.recorded('provider_model:llm_output_tokens_per_requests:median_ratio_rate10m')} > 0)`,
    },
    perToken: {
      why: 'Seconds for each further token, 95th percentile:',
      query: histogramQuantile(
        0.95,
        sumBy(rate(series.buckets('llm_time_per_output_token_seconds'), window), ['provider', 'model', 'le']),
      ),
    },
    load: {
      why: 'Requests per second against those of an hour ago (1: as many):',
      query: promql`${requests()} / (${requests('1h')} > 0)`,
    },
    failures: {
      why: 'Whether answers fail, too:',
      query: promql`${sumBy(increase(series.counter('llm_requests_total', { cause: { none: ['none'] } }), window), ['provider', 'model', 'code', 'cause'])} > 0`,
    },
  };
}

const OVERLOAD_STEPS = [
  'If you run the platform: see queue lengths and the use of the KV cache of the engines, and scale the model out before it answers 503.',
  'If you do not: move batch work to off-peak hours, lower the parallel requests per client, or send a part to another model; see the status page of the provider.',
];

function tuneSlow(settings: MixinSettings, name: 'LLMTimeToFirstTokenDegraded' | 'LLMLatencyDegraded'): string[] {
  const { minSeconds, baselineFactor, forSeconds } = settings.thresholds[name].warning;
  const key = `thresholds.${name}.warning`;
  return [
    `Too often: raise \`${key}.baseline_factor\` (now ${baselineFactor}) or \`${key}.min\` (${minSeconds}s).`,
    `Too late: lower \`${key}.for\` (now ${scaled(settings, forSeconds)}).`,
  ];
}

function firstTokenPage(context: PackContext): RunbookPage {
  const { settings, causes } = context;
  const level = settings.thresholds.LLMTimeToFirstTokenDegraded.warning;
  const { firstToken, perToken, load, failures } = queries(context);
  return {
    meaning: `For one stream in twenty the first token of a model takes above ${level.minSeconds} s and above ${level.baselineFactor} times what is usual for it, over ${scaled(settings, level.windowSeconds)}. Requests wait in a queue before they are worked on: the first sign of overload, before 503 and 504.`,
    hurt: 'Callers who stream: they look at an empty answer. Callers with a timeout on the first byte give up and count as 499.',
    confirm: [firstToken, perToken, load, failures],
    causes: [
      causes.model_overloaded,
      causes.model_loading,
      'Longer prompts: the first token comes after the whole prompt was read. A client that has begun to send whole documents shows in the input tokens.',
      'A prompt cache that no longer hits: the beginning of the prompts has changed.',
    ],
    steps: [
      'First query: one model or all of a provider? All: see its status page, then your own network to it.',
      'Second query: further tokens are slow too? The engine is short of compute; only the first is slow? Requests queue before it.',
      'Third query above 1.5: the load has grown; find the client (access log of the gateway) and have it spread its peak.',
      ...OVERLOAD_STEPS,
      'Callers: keep `client_timeout` and `proxy_timeout` above 60 s, so that slow does not become an error.',
      LAST_STEP,
    ],
    falseWhen: [
      'The model behind the name was changed today for a slower one: its usual level follows within a day.',
      'A client that sends much longer prompts than others: look at input tokens per request on the dashboard.',
    ],
    silent: [
      `Under ${level.minTotal} streams of a model in ${scaled(settings, level.windowSeconds)}, and below ${level.minSeconds} s whatever is usual.`,
      'A model that is new, or was idle all day: it has no usual level yet.',
      'Requests that do not stream: they have no first token; see LLMLatencyDegraded. Most logs do not tell the first token either, the proxy does.',
      'A model that has been slow for half a day: that is its usual level by then.',
    ],
    tune: tuneSlow(settings, 'LLMTimeToFirstTokenDegraded'),
  };
}

function durationPage(context: PackContext): RunbookPage {
  const { settings, causes } = context;
  const level = settings.thresholds.LLMLatencyDegraded.warning;
  const { duration, firstToken, tokens, perToken, failures } = queries(context);
  return {
    meaning: `One good answer in twenty of a model takes above ${level.minSeconds} s and above ${level.baselineFactor} times what is usual for it, over ${scaled(settings, level.windowSeconds)}, and the answers are not longer than usual.`,
    hurt: 'Callers of that model wait. Those who do not stream are the next to meet the gateway timeout, as 504.',
    confirm: [duration, firstToken, perToken, tokens, failures],
    causes: [
      causes.model_overloaded,
      causes.gateway_timeout_long_generation,
      'The proxy tries again and succeeds: the time of all tries is the time of the request. See LLMRetryStorm.',
      'Fewer requests stream: whole answers wait for their last token.',
    ],
    steps: [
      'First and second query: both up: requests queue, the model is overloaded. Only the first: each token is slow (third query) or tries are repeated.',
      'Fourth query: the answers are 1.5 times as long? Then this is about to end by itself; a prompt has changed.',
      'Look at LLMNearGatewayTimeout of the same model: if it fires, switch the long requests to `stream: true` now.',
      ...OVERLOAD_STEPS,
      'Callers: stream, lower `max_tokens`, and keep `client_timeout` and `proxy_timeout` above 60 s.',
      LAST_STEP,
    ],
    falseWhen: [
      'Longer answers that nobody counted: where the API or the log tells no output tokens, the rule cannot know.',
      'A batch job of another kind of request on the same model: silence it for its time.',
    ],
    silent: [
      `Under ${level.minTotal} good answers of a model in ${scaled(settings, level.windowSeconds)}, and below ${level.minSeconds} s whatever is usual.`,
      `While the answers have above ${level.tokensFactor} times their usual output tokens.`,
      'A model that is new, or was idle all day: it has no usual level yet.',
      'Beyond 600 s, the last bucket: slower and slowest look alike there.',
    ],
    tune: [
      ...tuneSlow(settings, 'LLMLatencyDegraded'),
      `Silent while answers become longer: raise \`thresholds.LLMLatencyDegraded.warning.tokens_factor\` (now ${level.tokensFactor}).`,
    ],
  };
}

function nearTimeoutPage({ settings, causes }: PackContext): RunbookPage {
  const level = settings.thresholds.LLMNearGatewayTimeout.warning;
  const series = selectors(settings.selector);
  const window = scaled(settings, level.windowSeconds);
  const near = increase(series.counter('llm_requests_near_timeout_total', { stream: 'false' }), window);
  const timeouts = increase(
    series.counter('llm_requests_total', { code: { any: settings.spikeCodes.LLMApi504Spike } }),
    window,
  );
  return {
    meaning: `Answers of one model that are not streamed are good, and take above 80 % of the gateway timeout. ${describeShare(settings, 'good answers that were not streamed', level)} A little more load, or a longer answer, and they are 504.`,
    hurt: 'Nobody yet. Callers with long answers are next: they wait a minute for a 504, and the provider bills the tokens.',
    confirm: [
      { why: 'How many came near it:', query: promql`${sumBy(near, ['provider', 'model'])} > 0` },
      {
        why: 'The timeout that the exporter counts with:',
        query: series.gauge('llm_provider_gateway_timeout_seconds'),
      },
      {
        why: 'Whether some are over it already:',
        query: promql`${sumBy(timeouts, ['provider', 'model', 'code', 'cause'])} > 0`,
      },
    ],
    causes: [
      causes.gateway_timeout_long_generation,
      causes.model_overloaded,
      'A new version of a client asks for more: `max_tokens` was raised, or reasoning was turned on.',
    ],
    steps: [
      'Find the callers: requests of that model with a duration near the timeout in the access log of the gateway.',
      'Have them switch to `stream: true`: the first token comes before the timeout, and each token resets an idle timeout. This is what Novita recommends for long answers.',
      'Raise what is too short on your side: `client_timeout` and `proxy_timeout` above 60 s, `proxy_read_timeout` in nginx.',
      'Where streaming is not possible: lower `max_tokens`, or split the task.',
      'See LLMLatencyDegraded of the same model: if it fires, the model is slow rather than the answers long; then scale it out or move traffic away.',
    ],
    falseWhen: [
      'The timeout that the exporter counts with is not that of your gateway (second query): set `providers.<name>.gateway_timeout`.',
      'Batch work that is meant to take that long and has a longer timeout on its own way.',
    ],
    silent: [
      `Under ${level.minBad} such answers of a model in ${window}, or under ${level.minTotal} good ones.`,
      'Streams, and answers of which the log does not say whether they were streamed.',
      'Where no gateway timeout is configured for the provider.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMNearGatewayTimeout.warning.share\` (now ${percent(level.share)}).`,
      'The 80 % are counted by the exporter and cannot be changed here.',
    ],
  };
}
