import type { AlertEntry, AlertRule, PackContext, Signal } from '../alert.ts';
import { adviceLine } from '../causes.ts';
import type { CauseSource, Facts } from '../facts.ts';
import { increase, promql, type Query, selectors, sumWithout } from '../promql.ts';
import { latencyTests } from '../rule-tests/requests/latency-tests.ts';
import { latencyPages } from '../runbooks/latency.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { describeShare, shareAbove } from '../share.ts';

const BY_MODEL = ['provider', 'model'] as const;
const LATENCY = { severity: 'warning', component: 'llm-api', signal: 'latency' as Signal } as const;

/** Models that have become slow, before their answers become errors. They read the series of `latencyRecordings`. */
export function latencyAlerts(context: PackContext): readonly AlertEntry[] {
  const pages = latencyPages(context);
  const rules = {
    LLMTimeToFirstTokenDegraded: firstTokenDegraded(context),
    LLMNearGatewayTimeout: nearGatewayTimeout(context),
    LLMLatencyDegraded: latencyDegraded(context),
  };
  const tests = latencyTests(context, rules);
  return (['LLMTimeToFirstTokenDegraded', 'LLMNearGatewayTimeout', 'LLMLatencyDegraded'] as const).map((name) => ({
    name,
    rules: [rules[name]],
    runbook: pages[name],
    tests: tests[name],
  }));
}

/** Above a floor and above so many times the model's own usual. Without history there is no usual, and no alert. */
interface Slow {
  readonly p95: Query<'provider' | 'model'>;
  readonly usual: Query<'provider' | 'model'>;
  readonly observed: Query<'provider' | 'model'>;
}

interface SlowLevel {
  readonly minSeconds: number;
  readonly baselineFactor: number;
  readonly minTotal: number;
}

function slower({ p95, usual, observed }: Slow, { minSeconds, baselineFactor, minTotal }: SlowLevel) {
  return promql`${p95} > ${minSeconds}\nand ${p95} > ${baselineFactor} * ${usual}\nand ${observed} >= ${minTotal}`;
}

function describeSlow(settings: MixinSettings, level: SlowLevel & { readonly windowSeconds: number }): string {
  const { minSeconds, baselineFactor, minTotal, windowSeconds } = level;
  return `Above ${minSeconds} s and above ${baselineFactor} times the model's own usual level; at least ${minTotal} answers in ${scaled(settings, windowSeconds)}.`;
}

function firstTokenDegraded({ settings, causes }: PackContext): AlertRule {
  const level = settings.thresholds.LLMTimeToFirstTokenDegraded.warning;
  const series = selectors(settings.selector);
  const window = scaled(settings, level.windowSeconds);
  const usual = 'provider_model:llm_time_to_first_token_seconds:median_p95_rate10m';
  return {
    ...LATENCY,
    alert: 'LLMTimeToFirstTokenDegraded',
    expr: slower(
      {
        p95: series.recorded('provider_model:llm_time_to_first_token_seconds:p95_rate10m'),
        usual: series.recorded(usual),
        observed: sumWithout(
          increase(series.samples('llm_time_to_first_token_seconds'), window),
          settings.dropLabels,
          [],
        ),
      },
      level,
    ),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => ({
      summary: 'Streams of an LLM API take much longer than usual to their first token.',
      description: slowText(facts, { what: 'The first token', usual: { name: usual, by: BY_MODEL }, window }),
      advice: adviceLine(causes.model_overloaded),
      dashboard: { uid: 'llm-provider', variables: BY_MODEL },
    }),
    why: describeSlow(settings, level),
  };
}

function latencyDegraded({ settings }: PackContext): AlertRule {
  const level = settings.thresholds.LLMLatencyDegraded.warning;
  const series = selectors(settings.selector);
  const window = scaled(settings, level.windowSeconds);
  const usual = 'provider_model:llm_request_duration_seconds:median_p95_rate10m';
  const slow = slower(
    {
      p95: series.recorded('provider_model:llm_request_duration_seconds:p95_rate10m'),
      usual: series.recorded(usual),
      observed: sumWithout(
        increase(series.samples('llm_request_duration_seconds', { outcome: 'success' }), window),
        settings.dropLabels,
        ['stream', 'outcome'],
      ),
    },
    level,
  );
  const tokens = series.recorded('provider_model:llm_output_tokens_per_requests:ratio_rate10m');
  const usualTokens = series.recorded('provider_model:llm_output_tokens_per_requests:median_ratio_rate10m');
  return {
    ...LATENCY,
    alert: 'LLMLatencyDegraded',
    expr: promql`${slow}\nunless ${tokens} > ${level.tokensFactor} * ${usualTokens}`,
    forSeconds: level.forSeconds,
    texts: (facts) => ({
      summary: 'Answers of an LLM API take much longer than usual.',
      description: slowText(facts, { what: 'The answer', usual: { name: usual, by: BY_MODEL }, window }),
      advice:
        'Callers: stream, so that the first token arrives early, and lower max_tokens. ' +
        'Platform: compare with the time to first token; if that rose too the model is overloaded, so scale it out.',
      dashboard: { uid: 'llm-provider', variables: BY_MODEL },
    }),
    why: `${describeSlow(settings, level)} Not while answers have above ${level.tokensFactor} times their usual tokens.`,
  };
}

function slowText(
  facts: Facts,
  { what, usual, window }: { readonly what: string; readonly usual: CauseSource; readonly window: string },
): string {
  return (
    `${what} of ${facts.label('provider')} for model ${facts.label('model')} took above ${facts.value('duration')} for one request in twenty ` +
    `over the last ${window} (usually ${facts.recorded(usual, 'duration', 'not known')}).`
  );
}

function nearGatewayTimeout({ settings, causes }: PackContext): AlertRule {
  const level = settings.thresholds.LLMNearGatewayTimeout.warning;
  const window = scaled(settings, level.windowSeconds);
  const series = selectors(settings.selector);
  const bad = sumWithout(
    increase(series.counter('llm_requests_near_timeout_total', { stream: 'false' }), window),
    settings.dropLabels,
    ['stream'],
  );
  const all = sumWithout(
    increase(series.counter('llm_requests_total', { stream: 'false', cause: 'none' }), window),
    settings.dropLabels,
    ['code', 'cause', 'stream'],
  );
  return {
    ...LATENCY,
    alert: 'LLMNearGatewayTimeout',
    expr: shareAbove({ bad, all }, level),
    forSeconds: level.forSeconds,
    texts: (facts) => ({
      summary: 'Answers of an LLM API come so near to the gateway timeout that the next longer ones will be 504.',
      description:
        `${facts.value('percentage')} of the good answers of ${facts.label('provider')} for model ${facts.label('model')} that were not streamed ` +
        `took above 80 % of the gateway timeout over the last ${window}: the next longer one is a 504.`,
      advice: adviceLine(causes.gateway_timeout_long_generation),
      dashboard: { uid: 'llm-provider', variables: BY_MODEL },
    }),
    why: describeShare(settings, 'good answers that were not streamed', level),
  };
}
