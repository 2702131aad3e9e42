import type { PackContext } from '../alert.ts';
import { increase, promql, rate, selectors, sumBy } from '../promql.ts';
import type { RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';

/** Page of LLMTrafficVanished. */
export function trafficVanishedPage({ settings }: PackContext): RunbookPage {
  const { minBefore, beforeSeconds, yesterdaySeconds, quietSeconds } = settings.thresholds.LLMTrafficVanished.warning;
  const series = selectors(settings.selector);
  const [quiet, yesterday] = [scaled(settings, quietSeconds), scaled(settings, yesterdaySeconds)];
  const before = scaled(settings, beforeSeconds);
  const requests = (range: string, ago?: string) =>
    sumBy(increase(series.counter('llm_requests_total'), range, ago), ['provider', 'model']);
  return {
    meaning: `A model that had at least ${minBefore} requests in the hour before the last, and as many at this time yesterday, has had none for ${quiet}. Nothing fails: nothing comes.`,
    hurt: 'Perhaps everybody who calls that model: requests that do not reach the gateway are errors at the callers, and nobody here sees them.',
    confirm: [
      { why: 'Requests now, by model:', query: requests(quiet) },
      { why: 'The same yesterday:', query: requests(quiet, yesterday) },
      {
        why: 'Whether sources of lines are still read (logs):',
        query: sumBy(increase(series.counter('llm_exporter_source_lines_total'), quiet), ['instance', 'source']),
      },
      { why: 'Whether exporters are scraped at all:', query: promql`${series.up()} == 0` },
    ],
    causes: [
      'Callers cannot reach the gateway: DNS, certificate, load balancer, network policy.',
      'The gateway writes to another log now, or in another format: see LLMIngestStalled and LLMParseErrors.',
      'Callers were moved to another model or provider, on purpose or by a fallback of theirs.',
      'The clients are down themselves.',
    ],
    steps: [
      'First query: all models silent, or one? One: ask whoever calls it; a release may have moved them to another model, and the requests show under its name.',
      'All: call the gateway as a caller does, from where a caller is: `curl -sv https://GATEWAY/v1/models`. It fails: that is the outage; go after DNS, TLS and load balancer.',
      'It answers, and no request is counted: the exporter looks at the wrong place. Logs: does the file grow that it follows (`ls -l`, third query)? Proxy: does traffic still go through its port?',
      'Start `llm-exporter explain` on the newest lines of the log: it says what is counted, and what is not and why.',
    ],
    falseWhen: [
      'A holiday, or work that moved to another hour: it ends by itself within two hours.',
      'A model that was retired on purpose: likewise; silence provider and model for that time.',
      'Planned silence: add it to the time intervals of Alertmanager.',
    ],
    silent: [
      `Under ${minBefore} requests in an hour: an idle model is no incident.`,
      `After ${scaled(settings, 2 * beforeSeconds)}: by then there were no requests in the hour before the last either.`,
      `On a model of less than ${scaled(settings, yesterdaySeconds)}, and in the first day of this Prometheus.`,
      'When exporters are gone or not scraped: LLMExporterTargetDown and LLMExporterVanished tell that.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMTrafficVanished.warning.min_before\` (now ${minBefore}) or \`.quiet\` (${quiet}).`,
      `Traffic has a weekly rhythm: set \`.yesterday\` to 7d (now ${yesterday}); the hours to compare are \`.before\` (${before}).`,
    ],
  };
}

/** Page of LLMCostSpike. */
export function costSpikePage({ settings }: PackContext): RunbookPage {
  const { minTokensPerSecond, baselineFactor, forSeconds } = settings.thresholds.LLMCostSpike.info;
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.warning);
  const tokens = rate(series.counter('llm_tokens_total'), window);
  const requests = rate(series.counter('llm_requests_total'), window);
  return {
    meaning: `A model uses above ${minTokensPerSecond} tokens per second, and above ${baselineFactor} times its own usual peak, for ${scaled(settings, forSeconds)}. Optional: it is there for those who name it in \`optional_alerts\`.`,
    hurt: 'Whoever pays. Others on the same account next: the limit of tokens per minute and the balance are shared.',
    confirm: [
      { why: 'Tokens per second, by kind:', query: promql`${sumBy(tokens, ['provider', 'model', 'token_type'])} > 0` },
      { why: 'Requests per second:', query: promql`${sumBy(requests, ['provider', 'model'])} > 0` },
      {
        why: 'Tokens per request:',
        query: promql`${sumBy(tokens, ['provider', 'model'])} / (${sumBy(requests, ['provider', 'model'])} > 0)`,
      },
    ],
    causes: [
      'A loop: an agent that calls itself, or a client that repeats what succeeds.',
      'A batch job that nobody announced.',
      'Longer prompts: whole documents, or a history that is never cut.',
      'A key in the wrong hands.',
    ],
    steps: [
      'Third query as usual: more requests; find the caller in the access log of the gateway. Above: longer ones; look at input and output in the first query.',
      'Nobody knows the caller: replace the key, now.',
      'Slow it down: a limit in the proxy for its key or path, or `max_tokens` at the client.',
      'Look at what is left of balance and quota before the night: LLMApiQuotaExhausted pages when it is too late.',
    ],
    falseWhen: ['A launch or a planned batch job: silence the model for its time.'],
    silent: [
      `Below ${minTokensPerSecond} tokens per second.`,
      'Where the API or the log tells no token counts.',
      'A model in its first hours: its usual level is what it uses.',
      'Prices: a dearer model for the same tokens is no spike here.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMCostSpike.info.baseline_factor\` (now ${baselineFactor}) or \`.min_tokens_per_second\` (${minTokensPerSecond}).`,
    ],
  };
}
