import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import type { CauseSource } from '../facts.ts';
import { increase, promql, selectors, sumWithout } from '../promql.ts';
import { costSpikeTests, trafficVanishedTests } from '../rule-tests/requests/traffic-tests.ts';
import { costSpikePage, trafficVanishedPage } from '../runbooks/traffic.ts';
import { scaled } from '../settings/settings.ts';

const BY_MODEL = ['provider', 'model'] as const;

/** How far apart the evaluations are in tests in which a day passes. */
const SLOW_TESTS_SECONDS = 300;

/** Requests that no longer come. */
export function trafficAlerts(context: PackContext): readonly AlertEntry[] {
  const rule = trafficVanished(context);
  const tests = trafficVanishedTests({ ...context.settings, evaluationIntervalSeconds: SLOW_TESTS_SECONDS }, rule);
  return [
    {
      name: rule.alert,
      rules: [rule],
      runbook: trafficVanishedPage(context),
      tests,
      testIntervalSeconds: SLOW_TESTS_SECONDS,
    },
  ];
}

/** What is spent. Reads the series of `costRecordings`. */
export function costAlerts(context: PackContext): readonly AlertEntry[] {
  const rule = costSpike(context);
  return [
    {
      name: rule.alert,
      rules: [rule],
      runbook: costSpikePage(context),
      tests: costSpikeTests(context.settings, rule),
    },
  ];
}

function trafficVanished({ settings }: PackContext): AlertRule {
  const level = settings.thresholds.LLMTrafficVanished.warning;
  const { minBefore, forSeconds } = level;
  const [quiet, yesterday] = [scaled(settings, level.quietSeconds), scaled(settings, level.yesterdaySeconds)];
  const before = scaled(settings, level.beforeSeconds);
  const requests = (range: string, ago?: string) =>
    sumWithout(increase(selectors(settings.selector).counter('llm_requests_total'), range, ago), settings.dropLabels, [
      'code',
      'cause',
      'stream',
    ]);
  return {
    alert: 'LLMTrafficVanished',
    severity: 'warning',
    component: 'llm-api',
    signal: 'availability',
    // The value is what is missed. An exporter that is gone has no requests, not none: other alerts say that.
    expr: promql`${requests(before, before)} >= ${minBefore}\nand ${requests(before, yesterday)} >= ${minBefore}\nand ${requests(quiet)} == 0`,
    forSeconds,
    texts: (facts) => ({
      summary: 'Requests for a model that is always busy at this time have stopped.',
      description:
        `No request for model ${facts.label('model')} of ${facts.label('provider')} has been seen for ${quiet}; ` +
        `in the hour before the last there were ${facts.value('number')}, and at this time yesterday it was busy, too.`,
      advice:
        'See whether callers reach the gateway, and whether the exporter still sees what it passes: the right log, the right port.',
      dashboard: { uid: 'llm-provider', variables: BY_MODEL },
    }),
    why: `At least ${minBefore} requests in the ${before} that ended ${before} ago and in those that ended ${yesterday} ago, none in ${quiet}.`,
  };
}

const USUAL: CauseSource = { name: 'provider_model:llm_tokens:p90_rate5m', by: BY_MODEL };

function costSpike({ settings }: PackContext): AlertRule {
  const { minTokensPerSecond, baselineFactor, forSeconds, keepFiringSeconds } = settings.thresholds.LLMCostSpike.info;
  const series = selectors('');
  const tokens = series.recorded('provider_model:llm_tokens:rate5m');
  return {
    alert: 'LLMCostSpike',
    severity: 'info',
    component: 'llm-api',
    signal: 'quota',
    expr: promql`${tokens} > ${minTokensPerSecond}\nand ${tokens} > ${baselineFactor} * ${series.recorded('provider_model:llm_tokens:p90_rate5m')}`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'A model uses several times the tokens that it usually does.',
      description:
        `Model ${facts.label('model')} of ${facts.label('provider')} uses ${facts.value('number')} tokens per second ` +
        `(usual peak: ${facts.recorded(USUAL, 'number', 'not known')}).`,
      advice:
        'Find the caller by its share of the requests; a loop or a new batch job is the usual reason. Set a limit for it in the proxy.',
      dashboard: { uid: 'llm-provider', variables: BY_MODEL },
    }),
    why: `Above ${minTokensPerSecond} tokens per second and above ${baselineFactor} times the model's own usual peak.`,
  };
}
