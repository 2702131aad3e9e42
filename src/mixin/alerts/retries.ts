import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import type { CauseSource } from '../facts.ts';
import { increase, promql, type Query, selectors, sumWithout } from '../promql.ts';
import { GIVEN_UP } from '../recording/top-causes.ts';
import { retriesTests } from '../rule-tests/requests/retries-tests.ts';
import { retriesPages } from '../runbooks/retries.ts';
import { scaled } from '../settings/settings.ts';
import { neverAt } from '../settings/spike-levels.ts';
import { describeShare, percent, shareAbove } from '../share.ts';

const BY_MODEL = ['provider', 'model'] as const;

/** Retries that are too many, and retries that are not made any more: of a proxy, since a log knows of no tries. */
export function retriesAlerts(context: PackContext): readonly AlertEntry[] {
  const storms = (['warning', 'critical'] as const).map((severity) => retryStorm(context, severity));
  const exhausted = budgetExhausted(context);
  const pages = retriesPages(context);
  const tests = retriesTests(context, { storms, exhausted });
  return [
    { name: 'LLMRetryStorm', rules: storms, runbook: pages.LLMRetryStorm, tests: tests.LLMRetryStorm },
    {
      name: 'LLMRetryBudgetExhausted',
      rules: [exhausted],
      runbook: pages.LLMRetryBudgetExhausted,
      tests: tests.LLMRetryBudgetExhausted,
    },
  ];
}

const TOP_OF_TRIES: CauseSource = { name: 'provider_model_cause:llm_attempts_failed:increase5m', by: BY_MODEL };
const TOP_GIVEN_UP: CauseSource = { name: 'provider_model_cause:llm_retries_given_up:increase5m', by: BY_MODEL };

function retryStorm({ settings }: PackContext, severity: 'warning' | 'critical'): AlertRule {
  const { thresholds, windowSeconds } = settings;
  const { factor, minTotal, forSeconds, keepFiringSeconds } = thresholds.LLMRetryStorm[severity];
  const { failedShare } = thresholds.LLMRetryStorm.critical;
  const window = scaled(settings, windowSeconds.warning);
  const series = selectors(settings.selector);
  const requests = (matchers: object): Query<'provider' | 'model'> =>
    sumWithout(increase(series.counter('llm_requests_total', matchers), window), settings.dropLabels, [
      'code',
      'cause',
      'stream',
    ]);
  const tries = (matchers: object): Query<'provider' | 'model'> =>
    sumWithout(increase(series.counter('llm_attempts_total', matchers), window), settings.dropLabels, [
      'code',
      'cause',
    ]);
  // The guard is on tries, which is the numerator.
  const above = shareAbove(
    { bad: tries({ model: { none: neverAt(settings, severity) } }), counted: tries({}), all: requests({}) },
    { share: factor, minBad: minTotal },
  );
  const failing = shareAbove(
    { bad: requests({ cause: { none: ['none'] } }), all: requests({}) },
    { share: failedShare },
  );
  const isCritical = severity === 'critical';
  return {
    alert: 'LLMRetryStorm',
    severity,
    component: 'llm-api',
    signal: 'availability',
    expr: isCritical ? promql`${above}\nand ${failing}` : above,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'Requests to an LLM API are tried again so often that the retries are load of their own.',
      description:
        `Each request of ${facts.label('provider')} for model ${facts.label('model')} took ${facts.value('number')} tries ` +
        `over the last ${window}. Top cause of failed tries: ${facts.topCause(TOP_OF_TRIES)}, ${facts.recorded(TOP_OF_TRIES, 'number', 'an unknown number')} of them.`,
      cause: facts.topCause(TOP_OF_TRIES),
      advice:
        'Callers: retry with exponential backoff and jitter, at most 3 times, and not what is not urgent; never retry in two layers. ' +
        'Platform: lower the retries and their budget in the proxy until the API answers again.',
      dashboard: { uid: 'llm-provider', variables: BY_MODEL },
    }),
    why:
      `Above ${factor} tries for each request of ${window}; at least ${minTotal} tries.` +
      (isCritical ? ` And above ${percent(failedShare)} of the answers fail all the same.` : ''),
  };
}

function budgetExhausted({ settings }: PackContext): AlertRule {
  const level = settings.thresholds.LLMRetryBudgetExhausted.warning;
  const windowSeconds = settings.windowSeconds.warning;
  const window = scaled(settings, windowSeconds);
  const series = selectors(settings.selector);
  const bad = sumWithout(
    increase(series.counter('llm_retries_total', { decision: { any: GIVEN_UP } }), window),
    settings.dropLabels,
    ['cause', 'decision'],
  );
  const all = sumWithout(increase(series.counter('llm_requests_total'), window), settings.dropLabels, [
    'code',
    'cause',
    'stream',
  ]);
  return {
    alert: 'LLMRetryBudgetExhausted',
    severity: 'warning',
    component: 'llm-api',
    signal: 'availability',
    expr: shareAbove({ bad, all }, level),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => ({
      summary: 'Failures of an LLM API reach callers because there are no retries left for them.',
      description:
        `${facts.value('percentage')} of the requests of ${facts.label('provider')} for model ${facts.label('model')} failed over the last ` +
        `${window} with a cause that another try may heal, and got none: the budget, the number of tries or the time was used up. ` +
        `Top cause: ${facts.topCause(TOP_GIVEN_UP)}, ${facts.recorded(TOP_GIVEN_UP, 'number', 'an unknown number')} of them.`,
      cause: facts.topCause(TOP_GIVEN_UP),
      advice:
        'More retries would not help while the API fails this often: find the cause first. ' +
        'Callers: back off exponentially, and move what is not urgent to off-peak hours.',
      dashboard: { uid: 'llm-provider', variables: BY_MODEL },
    }),
    why: describeShare(settings, 'requests', { ...level, windowSeconds }),
  };
}
